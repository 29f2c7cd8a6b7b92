//! To whom the control API listens.
use super::refusal::Refusal;
use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use core::net::IpAddr;

/// Turns away what a browser was tricked into sending: the API trusts whoever is on this machine, but a web page from
/// elsewhere is not, even when a name of its own leads here.
pub(super) async fn local_requests_only(request: Request, next: Next) -> Result<Response, Refusal> {
    if is_from_a_page(request.headers()) || !is_for_this_machine(request.headers()) {
        let reason = "the control API answers programs on this machine, not web pages or other host names";
        return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
    }
    Ok(next.run(request).await)
}

fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
}

fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::HOST, host.parse().unwrap())])
    }

    #[test]
    fn requests_for_this_machine_are_told_from_others() {
        for host in ["localhost", "LocalHost:7947", "127.0.0.1:7947", "[::1]:7947", "127.8.8.8"] {
            assert!(is_for_this_machine(&headers(host)), "{host}");
        }
        for host in ["rebound.example:7947", "192.0.2.1", "", "localhost.example"] {
            assert!(!is_for_this_machine(&headers(host)), "{host}");
        }
        assert!(is_for_this_machine(&HeaderMap::new()));
    }
}
