//! How many connections one peer holds, so that none can take them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the connections of each peer.
#[derive(Debug)]
pub(super) struct Peers {
    /// Of one peer; 0: as many as there may be of all.
    most: u32,
    held: Mutex<HashMap<IpAddr, Held>>,
}

#[derive(Debug, Default)]
struct Held {
    connections: u32,
    /// Whether it was said that this peer has as many as it may have.
    told: bool,
}

/// A peer that has as many connections as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// Whether it is the first one refused since the peer last held fewer.
    pub(super) first: bool,
}

/// A connection's place among its peer's; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    pub(super) fn new(most: u32) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Makes room for one more connection from `address`.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, TooMany> {
        let peer = peer(address);
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(peer).or_default();
        if self.most > 0 && held.connections >= self.most {
            let first = !std::mem::replace(&mut held.told, true);
            return Err(TooMany { first });
        }
        held.connections += 1;
        Ok(Place { peers: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.peers.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut held) = all.entry(self.peer) {
            held.get_mut().connections -= 1;
            held.get_mut().told = false;
            if held.get().connections == 0 {
                held.remove();
            }
        }
    }
}

/// Who is behind an address. A network of IPv6 hands each of its machines 2⁶⁴ addresses, so there
/// the network is the peer.
fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) if address.is_loopback() => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_holds_so_many_connections_and_no_more_and_takes_none_from_others() {
        let peers = Peers::new(2);
        let one = address("192.0.2.1");
        let first = peers.enter(one).unwrap();
        let _second = peers.enter(one).unwrap();
        assert_eq!(peers.enter(one).unwrap_err(), TooMany { first: true });
        assert_eq!(peers.enter(one).unwrap_err(), TooMany { first: false });
        assert_eq!(peers.enter(address("::ffff:192.0.2.1")).unwrap_err(), TooMany { first: false });
        let _other = peers.enter(address("192.0.2.2")).unwrap();
        drop(first);
        let _third = peers.enter(one).unwrap();
        assert_eq!(peers.enter(one).unwrap_err(), TooMany { first: true }, "said again");
    }

    #[test]
    fn the_addresses_of_one_network_of_ipv6_are_one_peer() {
        let peers = Peers::new(1);
        let _first = peers.enter(address("2001:db8::1")).unwrap();
        assert!(peers.enter(address("2001:db8::ffff:1")).is_err());
        assert!(peers.enter(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn nothing_is_kept_of_peers_that_left() {
        let peers = Peers::new(0);
        let places: Vec<_> = (0..1000u32)
            .map(|n| peers.enter(IpAddr::V4(n.to_be_bytes().into())).unwrap())
            .collect();
        assert_eq!(peers.held.lock().unwrap().len(), 1000);
        drop(places);
        assert!(peers.held.lock().unwrap().is_empty());
    }
}
