# Two commands: `make run` and `make test`. Both may be repeated; what is done is not done again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# what scripts/setup keeps for itself
export PATH := $(CURDIR)/.cache/node/bin:$(PATH)
export ORT_DYLIB_PATH ?= $(CURDIR)/.cache/onnxruntime/libonnxruntime.so

# real data of others for the tests that want it; without it they say so
ifndef CITYWARD_DATA
ifneq ($(wildcard ../shared/data),)
export CITYWARD_DATA := $(abspath ../shared/data)
endif
endif

cargo := cargo --locked
# the partition as WebAssembly, with its JavaScript
wasm_dir := web/src/desk/grid/pkg
wasm := $(wasm_dir)/partition_bg.wasm
web_sources := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path $(wasm_dir) -prune -o -type f -print)
partition_sources := $(shell find src/partition/src src/partition-wasm src/partition/Cargo.toml -type f) Cargo.lock

.PHONY: help run password test check test-rust test-web test-grid-oracle test-ogc bench bench-tiles bench-vision bench-grid bench-drag bench-pull fuzz check-licences setup setup-tests

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup web/dist/index.html ## set up, build, start the demo city and say where it is
	$(cargo) build --release
	exec target/release/cityward demo

password: ## give the administrator of ./data a new password
	$(cargo) run --quiet --release -- password

test: check test-web test-rust ## set up and run every test

check: setup-tests web/node_modules/.package-lock.json $(wasm) ## formatting and lints
	cargo fmt --all --check
	$(cargo) clippy --all-targets -- -D warnings
	$(cargo) clippy --package cityward-partition --all-targets -- -D warnings
	$(cargo) clippy --package cityward-partition-wasm --package cityward-partition-pack --all-targets -- -D warnings
	cd web && npm run check

test-rust: setup-tests web/dist/index.html .cache/shapely/bin/python .cache/ogc/bin/python ## the program's tests: logic, database, model, the line end to end, judged by others
	# one after the other: together they would build every dependency once more, with other features
	CITYWARD_OGC=$(CURDIR)/.cache/ogc/bin/python $(cargo) test
	CITYWARD_ORACLE=$(CURDIR)/.cache/shapely/bin/python $(cargo) test --package cityward-partition
	$(cargo) test --package cityward-partition-wasm

# shapely brings GEOS, which judges the partition independently
.cache/shapely/bin/python: | setup-tests
	python3 -m venv .cache/shapely
	.cache/shapely/bin/pip install --quiet 'shapely>=2.1,<3' || { rm -rf .cache/shapely; exit 1; }

test-grid-oracle: .cache/shapely/bin/python ## compare check and repair of cells with GEOS
	CITYWARD_ORACLE=$(CURDIR)/$< $(cargo) test --package cityward-partition --test it oracle -- --nocapture

# the conformance suite of OGC API - Features, and a library that many programs read features with
.cache/ogc/bin/python: | setup-tests
	python3 -m venv .cache/ogc
	.cache/ogc/bin/pip install --quiet ogctests==0.1.15 OWSLib==0.35.0 || { rm -rf .cache/ogc; exit 1; }

test-ogc: .cache/ogc/bin/python setup-tests ## judge /ogc by the conformance suite ogctests and by OWSLib
	CITYWARD_OGC=$(CURDIR)/$< $(cargo) test --test it features_by_others -- --nocapture

test-web: setup-tests web/dist/index.html ## the page's tests, in a real browser against the real program
	cd web && npm test
	# the program as its tests have it: built alone it has dependencies with other features
	$(cargo) test --no-run --test it
	cd web && CITYWARD_BIN=$(CURDIR)/target/debug/cityward npm run e2e

bench: setup ## measure: locate, latency to the live stream; rules, queue, actions
	$(cargo) bench --bench spine
	$(cargo) bench --bench vision -- latency
	$(cargo) bench --bench whose_move

bench-tiles: ## measure: tiles beside Martin, which is installed into .cache for it; memory, freshness
	@scripts/setup --bench
	test -x .cache/martin/bin/martin || CARGO_TARGET_DIR=.cache/martin/target cargo install --locked \
	    martin@1.14.0 --no-default-features --features postgres --root .cache/martin
	$(cargo) bench --bench tiles

# the pipelines of others, and networks of usual size that they export; for measuring alone
vision_peers := .cache/vision-peers
$(vision_peers)/yolo11n-640x384.onnx: benches/vision/peer.py
	test -x $(vision_peers)/venv/bin/pip || python3 -m venv $(vision_peers)/venv
	$(vision_peers)/venv/bin/pip install --quiet ultralytics==8.4.190 torch==2.15.0 onnx==1.23.2 \
	    onnxruntime==1.24.4 opencv-python-headless==5.0.0.93
	cd $(vision_peers) && YOLO_OFFLINE=True venv/bin/python $(CURDIR)/$< export .
	touch $@

bench-vision: $(vision_peers)/yolo11n-640x384.onnx ## measure: frames a core, 200 cameras, beside the pipelines of others
	@scripts/setup --bench
	$(cargo) bench --bench vision

bench-grid: setup $(wasm) ## measure: check, edits and drags of 20,000 cells, a million vertices; publishing; locate in the past
	$(cargo) bench --package cityward-partition --bench grid
	node web/bench/grid.mjs
	$(cargo) bench --bench redraw

bench-drag: web/dist/index.html ## measure: a vertex of 20,000 cells dragged in a browser
	$(cargo) build
	cd web && CITYWARD_CELLS=20000 npm run e2e -- many_cells

bench-pull: setup-tests ## measure: a thousand pulled sources and fifty ffmpegs come and go, memory stays
	$(cargo) test --test it a_thousand_sources -- --ignored --nocapture
	$(cargo) test --test it fifty_players -- --ignored --nocapture

# seconds for each entry point
FUZZ_S ?= 60
FUZZ_TARGETS ?= jpeg parts gat1400 cql2 manifest

# the sanitizer needs flags that only nightly has by itself
fuzz: ## fuzz what others send: FUZZ_S seconds each (60); FUZZ_TARGETS="decode" with FUZZ_FLAGS="--features decode"
	cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --debug cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p fuzz/corpus/$$target; \
	    RUSTC_BOOTSTRAP=1 cargo fuzz run $(FUZZ_FLAGS) $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	        -max_total_time=$(FUZZ_S) -timeout=5 -rss_limit_mb=2048; \
	done

check-licences: ## licences, origins and advisories of every dependency
	cargo deny --version >/dev/null 2>&1 || cargo install --locked --debug cargo-deny
	cargo deny --locked check bans licenses sources
	@if cargo deny --locked fetch db >/dev/null 2>&1; then \
	    cargo deny --locked check advisories; \
	else \
	    echo 'advisories: not checked, their database could not be fetched'; \
	fi

setup: ## install what building and running needs
	@scripts/setup

setup-tests:
	@scripts/setup --tests

# The versions of the lock file, but not `npm ci`: that also insists on the packages of platforms
# that are not ours, which not every registry mirror carries. Touched, because npm leaves an
# unchanged file its old time.
web/node_modules/.package-lock.json: web/package-lock.json | setup
	cd web && npm install --no-save --no-audit --no-fund
	touch $@

# The tool that writes the JavaScript comes from our own lock file, so that it fits.
$(wasm): $(partition_sources) | setup
	$(cargo) build --package cityward-partition-wasm --target wasm32-unknown-unknown --profile page
	$(cargo) run --package cityward-partition-pack --profile tool -- \
	    target/wasm32-unknown-unknown/page/cityward_partition_wasm.wasm $(wasm_dir)

web/dist/index.html: web/node_modules/.package-lock.json $(wasm) $(web_sources)
	cd web && npm run build
	touch $@
