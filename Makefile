# One line per target; what takes more than that is a script in .ci/. Extra pytest arguments: make unit ARGS="-k files".
.DEFAULT_GOAL := help
PYTEST := .venv/bin/pytest
export RAILYARD_STARTED := $(shell date +%s)

.PHONY: help dev system demo test unit lint schemas format sanity test-next integration clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

dev: ## prepare .venv with the railyard command and the collection; needs no root
	@.ci/dev.sh

system: ## install the apt packages the lab needs (.ci/apt-packages); as root
	@.ci/system.sh $(FURTHER_PACKAGES)

demo: system dev ## boot the lab, make it a Slurm cluster, prove it with real jobs; as root
	@.ci/demo.sh

test integration: FURTHER_PACKAGES := .ci/apt-packages-tests
test: system dev ## every test; fails on a test left out for a reason that is not in tests/allowed_skips.txt
	@$(PYTEST) -n 2 --dist loadscope tests/integration tests/gates tests/unit --refuse-skips --durations=20 $(ARGS)

unit: dev ## the unit tests and the checks of the house
	@$(PYTEST) tests/unit $(ARGS)

lint: dev ## ruff, mypy, ansible-lint, yamllint, shellcheck, changelog and documentation
	@$(PYTEST) tests/gates/test_lint.py -v --no-header $(ARGS)

schemas: dev ## write docs/schemas/parse.*.json anew from what the parsers return
	@.venv/bin/python .ci/make_schemas.py docs/schemas

format: dev ## lay out the Python code as the linters want it
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format .

sanity: dev ## ansible-test sanity on a copy of the project
	@$(PYTEST) tests/gates/test_sanity.py $(ARGS)

test-next: dev ## the unit tests on ansible-core 2.21, where a Python 3.12 or newer is on the machine
	@$(PYTEST) tests/gates/test_next_ansible.py -rs $(ARGS)

integration: system dev ## the tests on the lab's nodes; as root
	@$(PYTEST) tests/integration $(ARGS)

clean: ## take the lab away and remove everything these targets made; lists the apt packages, which stay
	@.ci/clean.sh
