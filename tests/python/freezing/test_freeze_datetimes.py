"""Dates and times: static types from 3.13 on, refused on 3.12."""

import datetime
import pickle
import sys
import unittest
import zoneinfo
from datetime import timezone

import child
import symplast
from fixtures import new_pool
from graphs import assert_frozen, assert_same
from subinterpreters import Interpreter

UTC = timezone.utc
NAIVE = [
    datetime.date(1, 1, 1), datetime.date(2024, 2, 29), datetime.date.max,
    datetime.time(), datetime.time(23, 59, 59, 999_999), datetime.time(2, 30, fold=1),
    datetime.datetime(1, 1, 1), datetime.datetime(2024, 2, 29, 12, 30, 15, 123_456),
    datetime.datetime(2024, 10, 27, 2, 30, fold=1), datetime.datetime.max,
    datetime.timedelta(), datetime.timedelta(days=-1, microseconds=1), datetime.timedelta.max, datetime.timedelta.min,
]
AWARE = [datetime.datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=UTC)]
AWARE += [datetime.time(1, 2, tzinfo=UTC)]


class Datetimes(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "datetimes")


@unittest.skipIf(sys.version_info < (3, 13), "isolated interpreters of 3.12 have datetime types of their own")
class TestStaticTypes(Datetimes):
    def test_values_without_zone_and_in_utc(self):
        for value in [*NAIVE, *AWARE]:
            with self.subTest(value):
                frozen = self.pool.freeze(value)
                assert_frozen(self, frozen, self.pool)
                assert_same(self, value, frozen)
                self.assertEqual((frozen, hash(frozen), str(frozen), repr(frozen)), (value, hash(value), str(value), repr(value)))
                self.assertEqual(getattr(frozen, "fold", 0), getattr(value, "fold", 0))
                self.assertEqual(pickle.loads(pickle.dumps(frozen)), value)

    def test_utc_is_the_processes_own_object(self):
        self.assertIs(self.pool.freeze(UTC), UTC)
        self.assertIs(self.pool.freeze(AWARE)[0].tzinfo, UTC)

    def test_arithmetic_and_comparison(self):
        moment, day = self.pool.freeze((NAIVE[7], datetime.timedelta(days=1)))
        self.assertEqual((moment + day, moment - moment, moment < moment + day),
                         (NAIVE[7] + datetime.timedelta(1), datetime.timedelta(), True))
        self.assertEqual(moment.replace(year=2023, day=1), NAIVE[7].replace(year=2023, day=1))

    def test_as_keys_and_members(self):
        frozen = self.pool.freeze({value: str(value) for value in [*NAIVE, *AWARE]} | {"set": {*NAIVE, *AWARE}})
        self.assertTrue(all(frozen[value] == str(value) and value in frozen["set"] for value in [*NAIVE, *AWARE]))

    def test_thawed_values_are_equal_and_local(self):
        for value in [*NAIVE, *AWARE]:
            thawed = symplast.thaw(self.pool.freeze(value))
            self.assertEqual((thawed, type(thawed), getattr(thawed, "fold", 0)), (value, type(value), getattr(value, "fold", 0)))
            self.assertFalse(symplast.is_shared(thawed))

    def test_other_zones_are_refused(self):
        zones = [timezone(datetime.timedelta(hours=1)), timezone(datetime.timedelta(0), "UTC?")]
        zones += [zoneinfo.ZoneInfo(key) for key in sorted(zoneinfo.available_timezones())[:1]]
        for zone in zones:
            for value in (datetime.datetime(2024, 1, 1, tzinfo=zone), datetime.time(1, tzinfo=zone)):
                log = [{"at": value}]
                where = r"^log\[0\]\['at'\]: (date)?time with tzinfo .* cannot be frozen, only timezone.utc or none$"
                with self.assertRaisesRegex(symplast.NotShareableError, where):
                    self.pool.freeze(log)
            with self.assertRaisesRegex(symplast.NotShareableError, "cannot be frozen"):
                self.pool.freeze(zone)

    def test_default_maps_other_zones(self):
        value = datetime.datetime(2024, 1, 1, tzinfo=timezone(datetime.timedelta(hours=1)))
        self.assertEqual(self.pool.freeze([value], default=lambda o: o.astimezone(UTC))[0], value)

    def test_subclasses_are_refused(self):
        for base, arguments in ((datetime.date, (2024, 1, 1)), (datetime.datetime, (2024, 1, 1)), (datetime.time, ()),
                                (datetime.timedelta, ())):
            with self.assertRaises(symplast.NotShareableError):
                self.pool.freeze(type("Own", (base,), {})(*arguments))


@unittest.skipIf(sys.version_info < (3, 13), "isolated interpreters of 3.12 have datetime types of their own")
@child.isolated
class TestOtherInterpreters(Datetimes):
    def test_interpreter_that_never_imported_datetime_can_use_them(self):
        frozen = self.pool.freeze({"values": [*NAIVE, *AWARE]})
        with Interpreter() as other:
            other.run(
                "import symplast._symplast as s\n"
                "frozen = s._persistent_load(number)\n"
                "assert 'datetime' not in sys.modules or sys.version_info < (3, 14)\n"
                "texts = [(repr(v), hash(v), v == v, str(v)) for v in frozen['values']]\n"
                "import gc; gc.collect(); assert s.thaw(frozen)['values'] == list(frozen['values'])\n"
                "other = [v for v in frozen['values'] if hasattr(v, 'hour')]\n"
                "from datetime import datetime; assert isinstance(frozen['values'][6], datetime)",
                number=symplast._symplast._persistent_id(frozen),
            )


@unittest.skipUnless(sys.version_info < (3, 13), "static types from 3.13 on")
class TestRefusedOn312(Datetimes):
    def test_datetimes_are_refused_unless_default_maps_them(self):
        for value in [*NAIVE, *AWARE, UTC]:
            with self.assertRaisesRegex(symplast.NotShareableError, f"{type(value).__name__} cannot be frozen"):
                self.pool.freeze(value)
        self.assertEqual(self.pool.freeze(NAIVE, default=str), tuple(map(str, NAIVE)))
