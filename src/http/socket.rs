//! The socket of a connection: limits the time to send a response, and records what is received and sent.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, Sleep, sleep_until},
};

use super::connection::{Connection, Reason};

/// The system's send buffer of a connection. Linux uses up to twice as many bytes, at most `net.core.wmem_max` times
/// two, and without this limit several MiB for a client that does not read.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;
/// Connections that the system accepts before the service does.
const BACKLOG: u32 = 1_024;

/// Listens on an address. Its connections inherit the size of the send buffer.
///
/// # Errors
/// Those of the system, for example when the address is in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A socket that fails if the client does not receive a response within `write_timeout`.
pub(super) struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
    write_timeout: Duration,
    /// Ends at the time limit of the response that is being sent. `None` while no write waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>, write_timeout: Duration) -> Self {
        Self { stream, connection, write_timeout, timer: None }
    }

    /// Returns the result of a write, or an error if it waits and the time limit is over. Progress does not extend the
    /// limit: a client could receive a few bytes at a time.
    fn limit<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let started = self.connection.sending_since();
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(started.unwrap_or_else(Instant::now) + self.write_timeout)));
        ready!(timer.as_mut().poll(context));
        self.connection.disconnect(Reason::WriteTimeout);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.connection.received_bytes();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.limit(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls this once its write buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.timer = None;
        self.connection.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Socket {
    /// Resets the connection if a response is cut: otherwise the system would keep trying to send the rest of its buffer
    /// to a client that does not read.
    fn drop(&mut self) {
        if self.connection.is_sending()
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!(%error, "a connection cannot be reset");
        }
    }
}
