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

/// What a plugin may export besides.
pub(crate) mod optional {
    wasmtime::component::bindgen!({
        inline: "
            package dialgraph:host;
            /// For a plugin that checks its own configuration.
            world checker {
                export dialgraph:plugin/configuration@1.0.0;
            }
        ",
        path: "../../wit",
        world: "dialgraph:host/checker",
    });
}
