//! Live progress on the terminal, for practitioners who ask for it.
//!
//! Terraform takes stdout and stderr of a provider for itself and prints only *Still creating…*.
//! So the bars go to the controlling terminal, below whatever Terraform prints there. Where there
//! is no terminal, such as in a pipeline, nothing is drawn.

mod terminal;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::terminal::Terminal;
use crate::aws::Environment;
use crate::mirror::Observer;
use crate::task::Activity;

/// The variable that asks for bars.
const VARIABLE: &str = "ECRPUBLIC_PROGRESS";

/// Somebody who draws bars, if the practitioner asks for them and there is a terminal.
pub(crate) fn observer(environment: &Environment) -> Option<Arc<dyn Observer>> {
    let asked = environment.get(VARIABLE)?;
    if matches!(asked.to_lowercase().as_str(), "0" | "false" | "off" | "no") {
        return None;
    }
    match Terminal::open().and_then(Bars::on) {
        Ok(bars) => Some(Arc::new(bars)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "no bars: there is no terminal");
            None
        }
    }
}

/// A bar for each copy under way, drawn by a thread that ends with this.
#[derive(Debug)]
struct Bars {
    orders: Sender<Order>,
    begun: AtomicU64,
}

#[derive(Debug)]
enum Order {
    Begin {
        number: u64,
        name: String,
        activity: Activity,
    },
    End {
        number: u64,
        /// Closed when the bar is gone.
        gone: Sender<()>,
    },
}

/// A copy that has a bar.
struct Shown {
    number: u64,
    orders: Sender<Order>,
}

impl Bars {
    fn on(terminal: Terminal) -> std::io::Result<Self> {
        let (orders, received) = mpsc::channel();
        let drawing = thread::Builder::new().name("progress".to_owned());
        // A terminal can stand still for as long as its user likes; nobody waits for this thread.
        drawing.spawn(move || draw(&received, terminal))?;
        Ok(Self {
            orders,
            begun: AtomicU64::new(0),
        })
    }
}

impl Observer for Bars {
    fn begins(&self, name: &str, activity: &Activity) -> Box<dyn Send> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let begin = Order::Begin {
            number,
            name: name.to_owned(),
            activity: activity.clone(),
        };
        // If the thread is gone there is nothing to draw on.
        drop(self.orders.send(begin));
        Box::new(Shown {
            number,
            orders: self.orders.clone(),
        })
    }
}

impl Drop for Shown {
    /// Waits a moment until the bar is gone: Terraform prints its own line about the copy next.
    fn drop(&mut self) {
        let (gone, is_gone) = mpsc::channel();
        let end = Order::End {
            number: self.number,
            gone,
        };
        if self.orders.send(end).is_ok() {
            let _gone_or_late = is_gone.recv_timeout(CLEARING);
        }
    }
}

/// Draws until nobody gives orders any more.
fn draw(orders: &Receiver<Order>, terminal: Terminal) {
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal), DRAWINGS);
    let all = MultiProgress::with_draw_target(target);
    let mut bars = BTreeMap::<u64, (ProgressBar, Activity)>::new();
    loop {
        let order = if bars.is_empty() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(REDRAW)
        };
        match order {
            Ok(Order::Begin {
                number,
                name,
                activity,
            }) => {
                let bar = all.add(bar(name));
                update(&bar, &activity);
                bars.insert(number, (bar, activity));
            }
            Ok(Order::End { number, gone }) => {
                if let Some((bar, _)) = bars.remove(&number) {
                    bar.finish_and_clear();
                    all.remove(&bar);
                }
                drop(gone);
            }
            Err(RecvTimeoutError::Timeout) => {
                for (bar, activity) in bars.values() {
                    update(bar, activity);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn bar(name: String) -> ProgressBar {
    ProgressBar::hidden().with_prefix(name)
}

/// How a bar looks. A template that cannot be read is a defect; the default tells of it well enough.
fn style(is_sized: bool, waits: bool) -> ProgressStyle {
    let template = match (is_sized, waits) {
        (false, false) => NAME.to_owned(),
        (false, true) => format!("{NAME}{WAITS}"),
        (true, false) => format!("{NAME} {SIZE}"),
        (true, true) => format!("{NAME} {SIZE}{WAITS}"),
    };
    let style = ProgressStyle::with_template(&template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

/// What is known of a copy at this moment.
fn update(bar: &ProgressBar, activity: &Activity) {
    let moved = activity.moved_bytes();
    let size = activity.expected_bytes().max(moved);
    let waits = activity.waits();
    let long = waits.first().filter(|(_, since)| *since >= WORTH_TELLING);
    bar.set_style(style(size > 0, long.is_some()));
    bar.set_length(size);
    bar.set_position(moved);
    if let Some((what, since)) = long {
        bar.set_message(format!("{} s for {what}", since.as_secs()));
    }
}

const NAME: &str = "{prefix}";
const SIZE: &str = "[{bar:20}] {bytes}/{total_bytes}";
/// In a line of its own: it can be long.
const WAITS: &str = "\n  {wide_msg}";

/// The most drawings a second, on average; many bars change together.
const DRAWINGS: u8 = 5;

/// How often somebody looks what has changed.
const REDRAW: Duration = Duration::from_millis(200);

/// A wait of this length is shown.
const WORTH_TELLING: Duration = Duration::from_secs(3);

/// How long the end of a copy waits until its bar is gone. Longer only when the terminal does not
/// take anything.
const CLEARING: Duration = Duration::from_millis(250);
