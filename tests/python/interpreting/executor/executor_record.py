"""A dataclass for the tests of the executor; apart from executor_tasks, which every worker imports."""

import dataclasses


@dataclasses.dataclass
class Record:
    name: str
    data: object
