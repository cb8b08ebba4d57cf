//! A way to the server that breaks off, or stands still, in the middle of an answer.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The connection ends, once.
    Cut,
    /// Nothing arrives any more, on any connection, until it is mended.
    Hang,
}

pub(super) struct FaultProxy {
    address: String,
    faults: Arc<Faults>,
}

struct Faults {
    /// After how many more answers which fault.
    next: Mutex<Option<(u32, Fault)>>,
    hangs: watch::Sender<bool>,
}

impl FaultProxy {
    pub(super) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let faults = Arc::new(Faults { next: Mutex::default(), hangs: watch::Sender::new(false) });
        let of_connections = faults.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let _set = (client.set_nodelay(true), server.set_nodelay(true));
                let ((client, to_client), (answers, mut to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(answers, to_client, of_connections.clone()));
                tokio::spawn(async move {
                    let mut client = client;
                    let _ended = copy(&mut client, &mut to_server).await;
                });
            }
        });
        Self { address, faults }
    }

    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    /// In the middle of the answer after this many.
    pub(super) fn at(&self, answers: u32, fault: Fault) {
        *self.faults.next.lock().unwrap() = Some((answers, fault));
    }

    pub(super) fn mend(&self) {
        *self.faults.next.lock().unwrap() = None;
        self.faults.hangs.send_replace(false);
    }
}

impl Faults {
    /// What becomes of an answer that has just come.
    fn of_answer(&self) -> Option<Fault> {
        let mut next = self.next.lock().unwrap();
        match next.as_mut() {
            Some((0, _)) => next.take().map(|(_, fault)| fault),
            Some((answers, _)) => {
                *answers -= 1;
                None
            }
            None => None,
        }
    }
}

/// Carries answers as they come: what the server writes at once is one.
async fn carry(mut answers: OwnedReadHalf, mut client: OwnedWriteHalf, faults: Arc<Faults>) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut hangs = faults.hangs.subscribe();
    loop {
        let length = answers.read(&mut buffer).await?;
        if length == 0 {
            return client.shutdown().await;
        }
        let fault = faults.of_answer();
        let (first, rest) = buffer[..length].split_at(if fault.is_some() { length / 2 } else { 0 });
        client.write_all(first).await?;
        match fault {
            Some(Fault::Cut) => return client.shutdown().await,
            Some(Fault::Hang) => drop(faults.hangs.send_replace(true)),
            None => {}
        }
        if hangs.wait_for(|hangs| !hangs).await.is_err() {
            return Ok(());
        }
        client.write_all(rest).await?;
    }
}
