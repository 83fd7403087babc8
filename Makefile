# Two commands: `make run` starts Hubbub, `make test` checks everything. Both do all the set-up they need.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
PYTHON := $(shell command -v python3)
UV     := .tools/bin/uv
BIN    := $(CURDIR)/.venv/bin
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export PATH := $(BIN):$(PATH)
RUST_MIN  := 1.89
RUST_SRC  := Cargo.toml Cargo.lock pyproject.toml $(shell find crates -name '*.rs' -o -name Cargo.toml)
WEB_SRC   := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*')
EXTENSION := .venv/.extension
WEB       := src/hubbub/web/index.html

.PHONY: run cluster test test-api test-livekit check fuzz bench bench-apart bench-peers bench-chat-peers soak setup setup-test lock schema migration format screenshots clean

run: setup $(WEB)
	exec $(BIN)/hubbub run

cluster: setup-test $(WEB) # the services apart, on real servers of their own; `make cluster FOLDER=/srv/try` keeps the data
	exec $(BIN)/python -m tests.servers.cluster $(FOLDER)

test: setup-test $(WEB) check
	cargo test --workspace --quiet
	cd web && npm test
	$(BIN)/pytest

check: setup-test web/node_modules/.stamp
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cd web && npm run -s check

test-api: setup-test $(WEB) # every REST operation with many more made-up requests: 10 to 20 minutes
	API_EXAMPLES=100 $(BIN)/pytest tests/scenarios/test_openapi.py

test-livekit: setup-test $(WEB) # an operator's own LiveKit, which Go builds once from its module proxy (minutes), in .tools/peers
	$(BIN)/python -c 'from benchmarks.peers.systems import built; built()'
	$(BIN)/pytest tests/livekit_server

fuzz: setup-test # SECONDS of each target of Rust and of the gateway, ten times the examples of the others
	FUZZ_SECONDS=$(or $(SECONDS),60) FUZZ_SEED=$$(date +%s) cargo test -p media --lib fuzz -- --nocapture --test-threads 1
	FUZZ_SECONDS=$(or $(SECONDS),60) $(BIN)/pytest tests/fuzz

bench: setup-test $(WEB)
	$(BIN)/python -m benchmarks

bench-apart: setup-test # the services apart, on real servers: about five minutes
	$(BIN)/python -m benchmarks.apart

bench-peers: setup-test $(WEB) # beside LiveKit, which Go builds from its module proxy; see benchmarks/README.md
	$(BIN)/python -m benchmarks.peers

soak: setup-test $(WEB) # an hour; `make soak MINUTES=10` for less
	$(BIN)/python -m benchmarks.chat_soak $(or $(MINUTES),60)

# Hubbub beside ejabberd, Prosody and Synapse: unpacked into a temporary folder, not installed
PEERS := $(or $(TMPDIR),/tmp)/hubbub-bench-chat-peers
bench-chat-peers: setup-test $(WEB)
	benchmarks/chat_peers/fetch $(PEERS) $(CURDIR)/$(UV) $(PYTHON)
	$(BIN)/python -m benchmarks.chat_peers $(PEERS)

# ---- set-up: each step does nothing when it is done -------------------------------------------------------------------
setup: .venv/.run $(EXTENSION)

setup-test: .venv/.test $(EXTENSION) .tools/browser .tools/servers .tools/bin/versitygw

.tools/system:
	@mkdir -p .tools
	@scripts/system-packages build-essential cmake python3-pip python3-venv
	@scripts/check-rust $(RUST_MIN)
	@touch $@

.tools/browser: | .tools/system
	@scripts/system-packages chromium
	@touch $@

# Real servers for the tests, which start them themselves; none is left running or enabled. NATS comes from PyPI.
.tools/servers: | .tools/system
	@scripts/system-packages --not-as-a-service postgresql redis-tools
	@touch $@

# An S3 server with conditional writes and multipart, built by PyPI's Go (in .venv): about a minute and a half, once.
.tools/bin/versitygw: | .venv/.test
	rm -rf .tools/go && mkdir -p .tools/go
	GOBIN=$(CURDIR)/.tools/bin GOCACHE=$(CURDIR)/.tools/go/cache GOMODCACHE=$(CURDIR)/.tools/go/modules GOFLAGS=-modcacherw \
	  GOTOOLCHAIN=local CGO_ENABLED=0 $(BIN)/go install -ldflags='-s -w' github.com/versity/versitygw/cmd/versitygw@v1.8.0
	rm -rf .tools/go

$(UV): | .tools/system
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .tools 'uv==0.13.9'

.venv/.run: requirements/run.txt | $(UV)
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	touch $@

.venv/.test: requirements/test.txt | .venv/.run
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/test.txt
	touch $@

$(EXTENSION): $(RUST_SRC) | .venv/.run
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

web/node_modules/.stamp: web/package-lock.json | .venv/.run
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(WEB): $(WEB_SRC) | web/node_modules/.stamp
	cd web && npm run -s build
	touch $@

# ---- for those who change things ---------------------------------------------------------------------------------------
format: setup-test web/node_modules/.stamp
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks
	cargo fmt --all

lock: | $(UV)
	for set in run test; do $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate \
	  --python-version 3.11 --universal requirements/$$set.in -o requirements/$$set.txt; done

schema: setup
	$(BIN)/python -m hubbub.protocols.wire.schema schema/wire.json
	cd web && npm run -s generate

migration: setup
	$(BIN)/python -m hubbub.infra.database.migrations.new "$(name)"

screenshots: setup-test $(WEB)
	mkdir -p docs/screenshots
	SCREENSHOTS=$(CURDIR)/docs/screenshots $(BIN)/pytest -q tests/e2e/test_screens.py

clean:
	rm -rf .venv .tools web/node_modules src/hubbub/web target
