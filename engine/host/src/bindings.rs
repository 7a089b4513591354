//! Rust types of the plugin contract, made from `wit/` by wasmtime.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "dialgraph:plugin/node-with-capabilities",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: {
        "dialgraph:plugin/secrets.secret": crate::imports::secrets::Secret,
    },
});
