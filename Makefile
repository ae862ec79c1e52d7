# The front door. Everything is built below build/<preset>; the presets are in CMakePresets.json.

JOBS ?= $(shell nproc)
# Which Python plays CPython in the comparison.
PYTHON ?= python3
SEEDS ?= 5000
FIRST ?= 1
SOURCES = git ls-files --cached --others --exclude-standard '*.hpp' '*.cpp'

.DEFAULT_GOAL := help
.PHONY: help setup run test bench conformance mutants format tidy clean sources

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: setup  ## Build the release and fetch many URLs at once (URL=https://... for your own)
	@$(MAKE) --no-print-directory build PRESET=release TARGETS="example.many_requests"
	@build/release/examples/many_requests $(URL)

test: setup  ## Build with clang 19, asserts and -Werror, and run all tests
	@$(MAKE) --no-print-directory build PRESET=dev
	@ctest --preset dev -j $(JOBS)

setup:  ## Install what is missing (Debian 12; sudo when not root)
	@tools/setup.sh

bench:  ## Run the benchmarks beside the peers (ONLY=scheduler for a part)
	@tools/setup.sh --bench
	@$(MAKE) --no-print-directory build PRESET=release
	@$(PYTHON) bench/run.py --build build/release $(if $(ONLY),--only $(ONLY))

conformance: setup  ## Compare random scenarios with CPython (SEEDS=100000 FIRST=1)
	@$(MAKE) --no-print-directory build PRESET=release TARGETS=hob_scenario
	@$(PYTHON) tests/conformance/run.py --seeds $(SEEDS) --first $(FIRST) \
	  --hob build/release/tests/conformance/hob_scenario

mutants: setup  ## Break the library in known ways: do the tests notice? (ONLY=regex; slow)
	@tools/mutants.py $(if $(ONLY),--only '$(ONLY)')

format:  ## Format all C++ files
	@tools/setup.sh --format
	@$(SOURCES) | xargs --no-run-if-empty clang-format-19 -i

tidy:  ## Run clang-tidy over the library (slow)
	@tools/setup.sh --format
	@$(MAKE) --no-print-directory build PRESET=dev TARGETS=hob
	@run-clang-tidy-19 -quiet -j $(JOBS) -p build/dev "$(CURDIR)/src/.*"

sources:  ## Rewrite cmake/sources.cmake after adding or removing a file
	@tools/update_sources.py

clean:  ## Remove everything that was built
	@rm -rf build

# make build PRESET=asan [TARGETS="hob test.sync"]: any preset. Configuring again takes a second.
PRESET ?= dev
.PHONY: build
build:
	@cmake --preset $(PRESET) --log-level=WARNING >/dev/null
	@cmake --build --preset $(PRESET) -j $(JOBS) $(if $(TARGETS),--target $(TARGETS))
