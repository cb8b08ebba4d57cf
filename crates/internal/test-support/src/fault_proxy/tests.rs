//! Tests of each fault, with a server that sends prepared responses.

use std::{sync::mpsc, time::Duration};

use super::*;

/// Starts a server that sends each response of a channel to its one client.
fn server() -> (String, mpsc::Sender<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address").to_string();
    let (sender, answers) = mpsc::channel::<Vec<u8>>();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client connects");
        client.set_nodelay(true).expect("the option can be set");
        for answer in answers {
            if client.write_all(&answer).is_err() {
                return;
            }
        }
    });
    (address, sender)
}

fn client(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("the timeout is valid");
    stream
}

/// Reads until this number of bytes has arrived, the connection ends, or a read times out.
fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64];
    while bytes.len() < length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    bytes
}

fn message(letter: u8, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 4).expect("the message is short").to_be_bytes();
    [&[letter][..], &length, text.as_bytes()].concat()
}

#[test]
fn cut_ends_the_connection_in_the_middle_of_a_response() {
    let (server, answers) = server();
    let proxy = FaultProxy::to(server);
    let mut client = client(&proxy);
    proxy.at(1, Fault::Cut);
    let first = message(b'T', "first");
    answers.send(first.clone()).expect("the server thread runs");
    assert_eq!(read(&mut client, first.len()), first);
    answers.send(message(b'T', "second")).expect("the server thread runs");
    assert_eq!(read(&mut client, 11), message(b'T', "second")[..5]);
    assert_eq!(client.read(&mut [0]).ok(), Some(0), "the connection is closed");
}

#[test]
fn hang_stalls_in_the_middle_of_a_response_until_mend() {
    let (server, answers) = server();
    let proxy = FaultProxy::to(server);
    let mut client = client(&proxy);
    proxy.at(0, Fault::Hang);
    let answer = message(b'T', "an answer");
    answers.send(answer.clone()).expect("the server thread runs");
    assert_eq!(read(&mut client, answer.len()), answer[..answer.len() / 2]);
    proxy.repair();
    let rest = answer.len() - answer.len() / 2;
    assert_eq!(read(&mut client, rest), answer[answer.len() / 2..]);
}

#[test]
fn cut_closes_every_connection_until_mend() {
    let (server, _answers) = server();
    let proxy = FaultProxy::to(server);
    let mut before = client(&proxy);
    // The connection passes the proxy before the cut.
    before.write_all(b"x").expect("the connection is open");
    thread::sleep(Duration::from_millis(50));
    proxy.cut();
    assert_eq!(before.read(&mut [0]).ok(), Some(0));
    assert_eq!(client(&proxy).read(&mut [0]).ok(), Some(0));
    proxy.repair();
    assert!(
        client(&proxy).read(&mut [0]).is_err(),
        "the connection is open, and the read times out"
    );
}

#[test]
fn redirect_forwards_new_connections_only() {
    let ((one, of_one), (other, of_other)) = (server(), server());
    let proxy = FaultProxy::to(one);
    let mut before = client(&proxy);
    of_one.send(b"one".to_vec()).expect("the server thread runs");
    assert_eq!(read(&mut before, 3), b"one");
    proxy.redirect(other);
    let mut after = client(&proxy);
    of_one.send(b"still".to_vec()).expect("the server thread runs");
    of_other.send(b"other".to_vec()).expect("the server thread runs");
    assert_eq!((read(&mut before, 5), read(&mut after, 5)), (b"still".into(), b"other".into()));
}

#[test]
fn notifications_are_dropped_and_counted_in_chunks_of_any_size() {
    let stream = [message(b'Z', "I"), message(b'A', "news"), message(b'C', ""), message(b'A', "")];
    let stream = stream.concat();
    for size in 1..=stream.len() {
        let (mut messages, mut counts) = (Messages::default(), Faults::default());
        let mut passed = Vec::new();
        for bytes in stream.chunks(size) {
            passed.extend(messages.pass(bytes, true, &mut counts));
        }
        assert_eq!(passed, [message(b'Z', "I"), message(b'C', "")].concat(), "{size}");
        assert_eq!((counts.dropped, counts.round_trips), (2, 1));

        let mut messages = Messages::default();
        for bytes in stream.chunks(size) {
            assert_eq!(
                messages.pass(bytes, false, &mut counts),
                bytes,
                "{size}: forwarded immediately"
            );
        }
        assert_eq!((counts.dropped, counts.round_trips), (2, 2));
    }
}
