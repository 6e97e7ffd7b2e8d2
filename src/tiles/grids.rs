//! Which grids' tiles are held in memory: that of the map from the beginning, another from when
//! somebody asks for it first.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Grid;

/// How long who asks first waits until everything has been read.
const WAIT_MAX: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Grids(watch::Sender<State>);

#[derive(Debug, Clone)]
struct State {
    held: Vec<Grid>,
    wanted: Vec<Grid>,
}

/// It takes longer to read everything once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tiles of this grid are not ready yet")]
pub(super) struct NotHeld;

impl Grids {
    /// The map's is held.
    pub(super) fn new() -> Self {
        let held = vec![Grid::default()];
        let wanted = held.clone();
        Self(watch::Sender::new(State { held, wanted }))
    }

    pub(super) fn held(&self) -> Vec<Grid> {
        self.0.borrow().held.clone()
    }

    pub(super) fn wanted(&self) -> Vec<Grid> {
        self.0.borrow().wanted.clone()
    }

    /// Returns when one is wanted that is not held.
    pub(super) async fn more_wanted(&self) {
        let mut state = self.0.subscribe();
        let more = state.wait_for(|state| state.wanted.len() > state.held.len());
        more.await.expect("the sender is ours");
    }

    /// Says that these are held now.
    pub(super) fn hold(&self, grids: Vec<Grid>) {
        self.0.send_modify(|state| state.held = grids);
    }

    /// Wants a grid, and waits until it is held.
    pub(super) async fn want(&self, grid: Grid) -> Result<(), NotHeld> {
        let mut state = self.0.subscribe();
        if state.borrow().held.contains(&grid) {
            return Ok(());
        }
        self.0.send_if_modified(|state| {
            let is_new = !state.wanted.contains(&grid);
            if is_new {
                state.wanted.push(grid);
            }
            is_new
        });
        let held = state.wait_for(|state| state.held.contains(&grid));
        match timeout(WAIT_MAX, held).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotHeld),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_first_waits_until_it_is_held() {
        let grids = Grids::new();
        assert_eq!(grids.want(Grid::WebMercatorQuad).await, Ok(()));
        let ask = grids.want(Grid::CGCS2000Quad);
        let read = async {
            grids.more_wanted().await;
            grids.hold(grids.wanted());
        };
        assert_eq!(tokio::join!(ask, read).0, Ok(()));
        assert_eq!(grids.held(), Grid::ALL);
    }
}
