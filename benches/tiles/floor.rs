//! What an answer costs on this machine whoever gives it: the same few bytes to whatever is asked,
//! by sockets alone.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Stops with its drop.
pub(crate) struct Floor {
    pub(crate) base: String,
    _accepting: AbortOnDropHandle<()>,
}

impl Floor {
    /// Answers with a body of so many bytes.
    pub(crate) async fn start(bytes: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + bytes, b'.');
        let answer: Arc<[u8]> = answer.into();
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&answer)));
            }
        });
        Ok(Self {
            base,
            _accepting: AbortOnDropHandle::new(accepting),
        })
    }
}

/// Until the other side is gone. A request of this load comes in one piece.
async fn serve(mut socket: TcpStream, answer: Arc<[u8]>) {
    let mut request = [0; 4096];
    while let Ok(1..) = socket.read(&mut request).await {
        if socket.write_all(&answer).await.is_err() {
            return;
        }
    }
}
