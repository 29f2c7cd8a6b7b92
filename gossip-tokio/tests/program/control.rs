//! The control API, as other programs meet it.
use crate::process::Agent;
use core::time::Duration;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn errors_are_json_with_a_fitting_status() {
    let agent = Agent::start("one", &[]);
    let long = "x".repeat(70_000);
    for (request, status) in [
        ("GET /v1/kv/absent HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("GET /v1/members/absent HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("GET /v1/members/%ff HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /v2 HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("DELETE /v1/members HTTP/1.1\r\n\r\n".to_owned(), 405),
        ("GET /v1/members?status=gone HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /v1/kv?perfix=a HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("POST /v1/join HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}".to_owned(), 400),
        ("POST /v1/publish?urgency=some HTTP/1.1\r\ncontent-length: 1\r\n\r\nx".to_owned(), 400),
        ("POST /v1/publish?ttl_ms=999 HTTP/1.1\r\ncontent-length: 1\r\n\r\nx".to_owned(), 400),
        (format!("PUT /v1/kv/k HTTP/1.1\r\ncontent-length: 70000\r\n\r\n{long}"), 413),
        (format!("PUT /v1/kv/k HTTP/1.1\r\ncontent-length: 5000\r\n\r\n{}", &long[..5_000]), 413),
    ] {
        let (head, body) = asked(&agent, &request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.60}: {head}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{request:.60}: {body}"));
        assert!(body["error"].is_string() && body.as_object().unwrap().len() == 1, "{body}");
    }
}

#[test]
fn web_pages_are_turned_away() {
    let agent = Agent::start("one", &[]);
    for header in ["Origin: http://pages.example", "Host: rebound.example"] {
        let (head, _) = asked(&agent, &format!("GET /v1/members HTTP/1.1\r\n{header}\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    }
    let (head, _) = asked(&agent, "GET /v1/members HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_as_well() {
    use crate::process::{program, run, signal, wait};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let control = format!("unix:{}", path.display());
    let mut command = program(&["agent", "--json", "--name", "one", "--bind", "127.0.0.1:0", "--control", &control]);
    let mut agent = Agent::start_command(&mut command);
    assert_eq!(agent.control, control);
    agent.run(&["put", "key", "value"]).done();
    assert_eq!(run(&mut program(&["get", "key", "--control", &control])).done(), "value");
    signal(&agent.child, "TERM");
    assert!(wait(&mut agent.child).success());
    assert!(!path.exists());
}

/// Head and body of the answer to a request, which is sent as it stands, but for one more header.
fn asked(agent: &Agent, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(&agent.control).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    // A server that refuses early need not read all of it.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request:.60}: {answer}"));
    (head.to_owned(), body.to_owned())
}
