# Everything here is done by the scripts in eng/, with any Python from 3.9 on; they find the Pythons to test by themselves.
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.15 python3.14 python3.13 python3.12; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null && command -v $$name && break; done)
endif
ENG = @$(if $(PYTHON),,$(error A Python is missing. To install one: sudo apt-get install python3))$(PYTHON) -m eng.

.PHONY: help build sdist demo test coverage test-packages bench bench-live bench-structures format lint clean

help:  ## say what there is (this)
	@echo 'Symplast: one copy of your data, all cores, stock CPython.'
	@echo
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/p' Makefile | expand -t 26
	@echo
	@echo "Options go through ARGS: make demo ARGS=--quick, make test ARGS='--python 3.14'."

build:  ## compile the extension module and make the wheel in artifacts/wheels
	$(ENG)build

sdist:  ## make a source distribution in artifacts/sdist
	$(ENG)sdist

demo:  ## search the standard library's code on all cores, with the newest Python; then pandas, if it is there
	$(ENG)run examples/codesearch.py $(ARGS)
	$(ENG)run examples/frames.py $(filter --quick,$(ARGS))

test:  ## run all tests, with every CPython found on this machine
	$(ENG)tests $(ARGS)

coverage:  ## run the C# tests, and the Python tests inside them, and say which lines of C# they reach
	$(ENG)coverage

test-packages:  ## run NumPy's, pandas' and other packages' own tests in workers, with the Pythons that have them (SYMPLAST_PACKAGED_PYTHONS)
	$(ENG)thirdparty $(ARGS)

bench:  ## measure, with the newest Python
	$(ENG)run bench/run.py $(ARGS)

bench-live:  ## measure live objects, with the newest Python of each version, and draw docs/figures
	$(ENG)live $(ARGS)

bench-structures:  ## measure the live structures against those of .NET
	$(ENG)structures $(ARGS)

format:  ## format the C# code
	$(ENG)lint --format

lint:  ## check formatting, syntax and types
	$(ENG)lint

clean:  ## remove everything that was built
	rm -rf artifacts .venv src/*/bin src/*/obj tests/*/bin tests/*/obj bench/*/bin bench/*/obj
