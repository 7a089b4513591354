//! Passes HTTP requests from plugin to driver: credentials as names of secrets, bodies as text
//! where they are UTF-8, so that journals and scripts can hold them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_kernel::ports::http::{Body, Credential, Request};
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{http, types};
use crate::imports::refusal;
use crate::run::{Run, mismatch, reply};

impl http::Host for Run {
    fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, types::HostError>> {
        let request = Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            credential: request
                .credential
                .map(|credential| self.credential_in(credential))
                .transpose()?,
            body: request.body.map(body_in),
            timeout_ms: request.timeout_ms,
        };
        match self.ask(HostCall::HttpSend(request))? {
            Ok(HostAnswer::HttpSend(response)) => Ok(Ok(http::Response {
                status: response.status,
                headers: response.headers,
                body: body_out(response.body)?,
                extra: Vec::new(),
            })),
            Ok(other) => Err(mismatch("http.send", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

impl Run {
    fn credential_in(&self, credential: http::Credential) -> wasmtime::Result<Credential> {
        Ok(match credential {
            http::Credential::Bearer(secret) => {
                Credential::Bearer { secret: self.secrets.name(&secret)? }
            }
            http::Credential::Basic((user, secret)) => {
                Credential::Basic { user, secret: self.secrets.name(&secret)? }
            }
            http::Credential::Header((name, secret)) => {
                Credential::Header { name, secret: self.secrets.name(&secret)? }
            }
        })
    }
}

fn body_in(bytes: Vec<u8>) -> Body {
    match String::from_utf8(bytes) {
        Ok(text) => Body::Text(text),
        Err(error) => Body::Bytes { base64: STANDARD.encode(error.as_bytes()) },
    }
}

fn body_out(body: Body) -> wasmtime::Result<Vec<u8>> {
    match body {
        Body::Text(text) => Ok(text.into_bytes()),
        Body::Bytes { base64 } => STANDARD
            .decode(base64)
            .map_err(|error| reply("http.send", format!("its body is not base64: {error}"))),
        Body::None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_went_in_text_or_not() {
        for bytes in [&b"plain"[..], &[0xff, 0x00, 0x80], "한글".as_bytes(), b""] {
            assert_eq!(body_out(body_in(bytes.to_vec())).unwrap(), bytes);
        }
        assert!(matches!(body_in(b"plain".to_vec()), Body::Text(_)));
        assert!(matches!(body_in(vec![0xff]), Body::Bytes { .. }));
    }
}
