//! Opening the place where the host connects.

use std::io;
use std::path::PathBuf;

use super::listener::{Address, Listener, Place};

/// An open socket, its address, and what has to be removed in the end.
#[derive(Debug)]
pub(super) struct Socket {
    /// Accepts connections.
    pub(super) listener: Listener,
    /// Where it is.
    pub(super) address: Address,
    /// The file, removed when this is dropped.
    pub(super) file: SocketFile,
}

/// The file of a socket, where there is one. Nobody else removes it.
#[derive(Debug)]
pub(super) struct SocketFile(Option<PathBuf>);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It is gone already when somebody cleaned the folder up.
            drop(std::fs::remove_file(path));
        }
    }
}

#[cfg(not(unix))]
pub(super) use tcp::open;
#[cfg(unix)]
pub(super) use unix::open;

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::path::{Path, PathBuf};

    use super::{Address, Listener, Place, Socket, SocketFile, io};

    /// Opens a socket that only the owner of this process, and the group asked for, can reach.
    pub(in super::super) fn open(place: &Place) -> io::Result<Socket> {
        let path = free_path(place)?;
        let listener = tokio::net::UnixListener::bind(&path)?;
        let file = SocketFile(Some(path.clone()));
        let mode = match &place.group {
            None => 0o600,
            Some(group) => {
                chown(&path, None, Some(group_number(group)?))?;
                0o660
            }
        };
        std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
        let text = path
            .into_os_string()
            .into_string()
            .map_err(|_| io::Error::other("the path of the socket is not UTF-8"))?;
        let network = "unix";
        Ok(Socket {
            listener: Listener::Unix(listener),
            address: Address { network, text },
            file,
        })
    }

    /// A path that is short enough for a socket. The folder for temporary files can be too deep;
    /// one that the host asked for is used as it is.
    fn free_path(place: &Place) -> io::Result<PathBuf> {
        let name = format!("ecrpublic-{:016x}", uuid::Uuid::new_v4().as_u64_pair().0);
        if let Some(directory) = &place.directory {
            return Ok(directory.join(name));
        }
        let path = std::env::temp_dir().join(&name);
        let fits = path.as_os_str().len() <= MAX_PATH_BYTES && !contains_bar(&path);
        Ok(if fits {
            path
        } else {
            Path::new("/tmp").join(name)
        })
    }

    /// A bar would end a field of the handshake.
    fn contains_bar(path: &Path) -> bool {
        path.as_os_str().as_encoded_bytes().contains(&b'|')
    }

    fn group_number(group: &str) -> io::Result<u32> {
        if let Ok(number) = group.parse() {
            return Ok(number);
        }
        let groups = std::fs::read_to_string("/etc/group")?;
        let found = groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok())?
        });
        found.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("there is no group `{group}`"),
            )
        })
    }

    /// What fits into the smallest socket address we meet, the one of macOS, with its final zero.
    const MAX_PATH_BYTES: usize = 103;

    #[cfg(test)]
    mod tests {
        use super::*;

        fn place(directory: Option<PathBuf>, group: Option<&str>) -> Place {
            Place {
                directory,
                group: group.map(str::to_owned),
                ..Place::default()
            }
        }

        #[tokio::test]
        async fn the_socket_is_private_and_its_file_goes_with_it() {
            let folder = tempfile::tempdir().unwrap();
            let socket = open(&place(Some(folder.path().to_owned()), None)).unwrap();
            let path = PathBuf::from(&socket.address.text);
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(path.parent(), Some(folder.path()));
            drop(socket);
            assert!(!path.exists());
        }

        #[tokio::test]
        async fn a_group_asked_for_may_connect_too() {
            let folder = tempfile::tempdir().unwrap();
            let own = std::os::unix::fs::MetadataExt::gid(&folder.path().metadata().unwrap());
            let group = own.to_string();
            let socket = open(&place(Some(folder.path().to_owned()), Some(&group))).unwrap();
            let found = Path::new(&socket.address.text).metadata().unwrap();
            assert_eq!(found.permissions().mode() & 0o777, 0o660);
            assert_eq!(std::os::unix::fs::MetadataExt::gid(&found), own);
        }

        #[test]
        fn a_group_is_found_by_name_and_an_unknown_one_is_named() {
            assert_eq!(group_number("1234").unwrap(), 1234);
            let error = group_number("no such group").unwrap_err();
            assert_eq!(error.to_string(), "there is no group `no such group`");
        }
    }
}

#[cfg(any(not(unix), test))]
mod tcp {
    use super::{Address, Listener, Place, Socket, SocketFile, io};

    /// Opens the first free port of the range on the loopback interface.
    pub(in super::super) fn open(place: &Place) -> io::Result<Socket> {
        let mut last = io::Error::new(io::ErrorKind::AddrInUse, "the range of ports is empty");
        for port in place.ports.clone() {
            match std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => {
                    listener.set_nonblocking(true)?;
                    let text = listener.local_addr()?.to_string();
                    let network = "tcp";
                    return Ok(Socket {
                        listener: Listener::Tcp(tokio::net::TcpListener::from_std(listener)?),
                        address: Address { network, text },
                        file: SocketFile(None),
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn the_first_port_that_is_free_is_taken() {
            let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let taken = taken.local_addr().unwrap().port();
            let place = |ports| Place {
                ports,
                ..Place::default()
            };
            let error = open(&place(taken..=taken)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            // The system chooses for port 0, so this range has a free one.
            let socket = open(&place(0..=taken)).unwrap();
            assert_eq!(socket.address.network, "tcp");
            std::net::TcpStream::connect(&socket.address.text).unwrap();
        }
    }
}
