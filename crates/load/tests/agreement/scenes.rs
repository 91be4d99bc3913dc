//! Servers whose latencies are known.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::figures::Figures;
use crate::server::{Server, answer};

/// Of every hundred requests the first 5 take the first of these, 15 the second, and 80 the third: so the median, p90 and p99
/// lie well inside, the delays are far above what a busy machine adds, and the last requests do not draw out the end.
const DELAYS: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(150), Duration::from_millis(50)];
/// When the stall begins after the first request, and how long it lasts.
const STALL_BEGINS: Duration = Duration::from_millis(800);
const STALL: Duration = Duration::from_millis(600);

pub struct Scene {
    pub server: Server,
    /// What the server took for each request.
    taken: Arc<Mutex<Vec<Duration>>>,
}

impl Scene {
    /// A server that takes a known time for each request.
    pub async fn of_delays() -> Scene {
        Scene::of(|number, _| match number % 100 {
            0..5 => DELAYS[0],
            5..20 => DELAYS[1],
            _ => DELAYS[2],
        })
        .await
    }

    /// A server that answers at once, but for a while not at all.
    pub async fn of_a_stall() -> Scene {
        Scene::of(|_, since_first| {
            let ends = STALL_BEGINS + STALL;
            if since_first < STALL_BEGINS { Duration::ZERO } else { ends.saturating_sub(since_first) }
        })
        .await
    }

    async fn of(delay: impl Fn(u64, Duration) -> Duration + Clone + Send + Sync + 'static) -> Scene {
        let taken: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let (log, first) = (Arc::clone(&taken), Arc::new(OnceLock::new()));
        let server = Server::start(move |number, _| {
            let (begun, log) = (Instant::now(), Arc::clone(&log));
            let delay = delay(number, begun.duration_since(*first.get_or_init(|| begun)));
            async move {
                if !delay.is_zero() {
                    sleep(delay).await;
                }
                log.lock().unwrap().push(begun.elapsed());
                answer(200, "{}")
            }
        })
        .await;
        Scene { server, taken }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// What the server itself says: its time for each request. It does not know at which rate it was asked.
    pub fn taken(&self) -> Figures {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort_unstable();
        let at = |percent: usize| taken[taken.len() * percent / 100].as_secs_f64() * 1000.0;
        Figures { requests: taken.len() as u64, rate: f64::NAN, p50: at(50), p90: at(90), p99: at(99) }
    }
}

/// What a client must see of a stall that asks evenly for this long: the share of the stall of all time waits, evenly from
/// nothing to the whole stall, and the others are answered at once.
pub fn truth_of_the_stall(time: Duration) -> Figures {
    let stalled = STALL.as_secs_f64() / time.as_secs_f64();
    let at = |quantile: f64| STALL.as_secs_f64() * 1000.0 * (1.0 - (1.0 - quantile) / stalled).max(0.0);
    Figures { requests: 0, rate: f64::NAN, p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}
