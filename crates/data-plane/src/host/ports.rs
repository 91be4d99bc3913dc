use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The ports of a host, each of which is another one on loopback, so that many hosts have a port 80.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ports(BTreeMap<u16, SocketAddr>);

impl Ports {
    /// Finds a free port for each. Between this and the program's `bind` another process may take it; the program is then
    /// started again as its unit says.
    pub(super) fn allot(ports: impl IntoIterator<Item = u16>) -> io::Result<Self> {
        let sockets = ports.into_iter().map(|port| Ok((port, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)));
        // All are held until all are found, so that none is given twice.
        let sockets = sockets.collect::<io::Result<BTreeMap<u16, TcpListener>>>()?;
        sockets
            .into_iter()
            .map(|(port, socket)| Ok((port, socket.local_addr()?)))
            .collect::<io::Result<_>>()
            .map(Self)
    }

    #[cfg(test)]
    pub(super) fn of<const N: usize>(ports: [(u16, u16); N]) -> Self {
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self(ports.into_iter().map(|(own, port)| (own, address(port))).collect())
    }

    /// Where a port of the host really is.
    pub(super) fn get(&self, port: u16) -> Option<SocketAddr> {
        self.0.get(&port).copied()
    }
}
