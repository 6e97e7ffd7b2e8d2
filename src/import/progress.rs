//! How far a command is, for whoever waits.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Silent,
    /// A bar on the terminal.
    Bar,
    /// A line when a stage ends, for logs.
    Lines,
}

/// One stage of a command.
#[derive(Debug)]
pub(crate) struct Stage {
    progress: Progress,
    name: &'static str,
    bar: ProgressBar,
}

impl Progress {
    /// A bar if somebody looks at stderr, else lines.
    pub fn on_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Lines
        }
    }

    /// Begins a stage of `total` rows; 0 when nobody can say.
    pub(crate) fn stage(self, name: &'static str, total: usize) -> Stage {
        let target = match self {
            Self::Bar => ProgressDrawTarget::stderr(),
            Self::Silent | Self::Lines => ProgressDrawTarget::hidden(),
        };
        let bar = if total == 0 {
            ProgressBar::with_draw_target(None, target)
        } else {
            let style =
                ProgressStyle::with_template("{msg:>10} {wide_bar} {human_pos}/{human_len} {eta}");
            ProgressBar::with_draw_target(Some(total as u64), target)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        };
        bar.set_message(name);
        if total == 0 && self == Self::Bar {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Stage {
            progress: self,
            name,
            bar,
        }
    }
}

impl Stage {
    pub(crate) fn advance(&self, rows: usize) {
        self.bar.inc(rows as u64);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if self.progress == Progress::Lines {
            eprintln!("{} {:.1} s", self.name, self.bar.elapsed().as_secs_f64());
        }
    }
}
