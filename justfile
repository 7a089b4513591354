# The scripts of this repository by name; `just` lists them. https://just.systems

_list:
    @just --list --unsorted

# Everything that must pass before a change lands, on a clean clone
ci:
    .ci/run

# Format all workspaces
fmt:
    cargo fmt --all
    cd plugins && cargo fmt --all

# Lints as in CI
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cd plugins && cargo clippy --workspace --all-targets --locked -- -D warnings

# All tests, or those of one crate: `just test dialgraph-flow`
test crate="":
    cargo test --locked {{ if crate == "" { "--workspace" } else { "-p " + crate } }}

# The plugins' own tests, natively
test-plugins:
    cd plugins && cargo test --workspace --locked

# Call scripts against the shipped flows, each plugin within its budget of instructions
calls *paths="tests/calls":
    cargo run -q -- test {{ paths }} --costs

# Rewrite what is generated: schemas, OpenAPI documents, references, figures of understanding
generate:
    DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-flow --test schemas
    DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-local schema
    DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-config --test schema
    DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-simulator --test schema
    cd plugins && UPDATE_SCHEMAS=1 cargo test --workspace
    DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-api
    DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-flow reference
    DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-config reference
    DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-understanding --test labelled

# Fuzz one target for so many minutes (needs a nightly toolchain and cargo-fuzz)
fuzz minutes target:
    fuzz/run.sh {{ minutes }} {{ target }}

# Benchmarks of whole turns; figures go into docs/benchmarks.md
bench:
    cargo bench -p dialgraph-tests

# The README's call, as CI runs it
readme-call:
    bash tests/readme_call.sh

# The README's Connect quick start: engine, function and a stand-in for Connect
connect-quick-start:
    bash tests/connect_quick_start.sh

# A live server against its OpenAPI documents
openapi:
    sh engine/server/schemathesis.sh

# CloudFormation templates through cfn-lint
templates:
    bash engine/connect-stack/cfn-lint.sh

# systemd unit, container image, Helm chart
packaging:
    bash packaging/systemd/check.sh
    bash packaging/container/check.sh
    bash packaging/helm/check.sh

# Archives of a release
release folder="target/release-archives":
    packaging/release.sh {{ folder }}
