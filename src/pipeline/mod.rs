//! One frame's way to the map. Start reading here.
//!
//! ```text
//! camera::Intake ─take→ detector threads ─bounded channel→ recorder ─publish→ live::LiveFeed
//!                       vision::detect                     place, stay or confirm, record
//! ```
//!
//! Every wait has a limit: while the database is away the recorder holds what is confirmed, the
//! channel fills, the detectors stand still, and at the intake newer frames take the place of
//! older ones.

mod departures;
mod detectors;
mod failure;
mod place;
mod report;
mod retry;
mod standing;
mod stays;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::camera::background::Needs;
use crate::camera::{Frame, Intake, LastFrame, Waiting};
use crate::cases::{self, CaseChange, CaseId, Confirmed, Confirmer, Departed};
use crate::catalogue::{self, SightingRule};
use crate::events::{Departures, Stays};
use crate::http::App;
use crate::telemetry;
use crate::vision::Detections;
use detectors::Looked;
use failure::Failure;
use place::{Placed, SightingRules, place};
use retry::Patience;
use standing::InBackgrounds;

pub use report::{DetectionReport, Dropped, FrameOutcome, FrameReport, ImageSize, PlaceReport};

/// Frames between the detectors and the recorder.
const LOOKED_MAX: usize = 32;
/// Frames recorded in one transaction; under load that saves a flush to the disk for each.
const BATCH_MAX: usize = 16;
/// How long a stopping pipeline goes on trying to reach the database.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// The running line; [`drain`](Self::drain) ends it.
#[derive(Debug)]
pub struct Pipeline {
    intake: Arc<Intake<FrameReport>>,
    detectors: Vec<thread::JoinHandle<()>>,
    recorder: JoinHandle<()>,
    give_up: CancellationToken,
}

impl Pipeline {
    /// Starts the detector threads and the recorder. Should the recorder end by itself, which
    /// only a bug can make it do, it cancels `stop`: a service that records nothing must not look
    /// alive.
    pub async fn start(app: &App, stop: CancellationToken) -> anyhow::Result<Self> {
        let rules = catalogue::sighting_rules(&app.machine)
            .await
            .context("cannot read the sighting rules")?;
        let count = match app.config.vision.detectors {
            0 => thread::available_parallelism()?.get(),
            given => given,
        };
        let classes = rules.iter().filter(|(_, rule)| rule.is_static);
        let standing = rules.values().filter_map(|rule| rule.standing.as_ref());
        app.backgrounds.serve(Needs {
            zones: standing.map(|standing| standing.zone).collect(),
            of_classes: classes.map(|(class, _)| *class).collect(),
        });
        let give_up = CancellationToken::new();
        let (sender, looked) = mpsc::channel(LOOKED_MAX);
        let recorder = Recorder {
            app: app.clone(),
            rules: rules
                .into_iter()
                .map(|(class, rule)| (class, Arc::new(rule)))
                .collect(),
            confirmer: Confirmer::default(),
            stays: Stays::in_frames(),
            backgrounds: InBackgrounds::default(),
            departures: departures::resume(&app.machine).await?,
            give_up: give_up.clone(),
        };
        Ok(Self {
            intake: Arc::clone(&app.intake),
            detectors: detectors::start(count, app, &sender)?,
            recorder: tokio::spawn(async move {
                let _stops = stop.drop_guard();
                recorder.run(looked).await;
            }),
            give_up,
        })
    }

    /// Closes the intake, finishes every frame that was accepted, and returns.
    pub async fn drain(self) -> anyhow::Result<()> {
        self.intake.close();
        let too_long = tokio::spawn({
            let give_up = self.give_up;
            async move {
                tokio::time::sleep(DRAIN_MAX).await;
                give_up.cancel();
            }
        });
        let finished = self.recorder.await.context("the recorder panicked");
        too_long.abort();
        let detectors = self.detectors;
        tokio::task::spawn_blocking(move || {
            detectors.into_iter().try_for_each(thread::JoinHandle::join)
        })
        .await?
        .map_err(|_panic| anyhow::anyhow!("a detector thread panicked"))?;
        finished
    }
}

/// The far end of the line: one task, so that a camera's frames are judged one after another.
struct Recorder {
    app: App,
    rules: SightingRules,
    confirmer: Confirmer,
    stays: Stays,
    backgrounds: InBackgrounds,
    departures: Departures<CaseId>,
    give_up: CancellationToken,
}

/// A frame on its way through the recorder.
struct Followed {
    waiting: Waiting<FrameReport>,
    report: FrameReport,
    /// Confirmed sightings, each with the number of its detection in the report.
    confirmed: Vec<(usize, Confirmed)>,
    /// What cases are open about and is not there any more.
    departed: Vec<Departed>,
}

/// What became of the detections in a frame.
#[derive(Default)]
struct Judged {
    reports: Vec<DetectionReport>,
    /// Each with the number of its report.
    confirmed: Vec<(usize, Confirmed)>,
}

impl Judged {
    /// Reports what was placed, and asks whether sightings among it were seen often enough.
    fn confirm(&mut self, frame: &Frame, placed: Vec<Placed>, confirmer: &mut Confirmer) {
        let (mut numbers, mut sightings) = (Vec::new(), Vec::new());
        for Placed { report, sighting } in placed {
            if let Some(dropped) = report.dropped {
                counter!(telemetry::DETECTIONS_DROPPED, "reason" => dropped.as_str()).increment(1);
            }
            if let Some(sighting) = sighting {
                numbers.push(self.reports.len());
                sightings.push(sighting);
            }
            self.reports.push(report);
        }
        let confirmed = confirmer.confirm(&frame.camera.id, frame.captured_at, sightings);
        let confirmed = numbers.into_iter().zip(confirmed);
        self.confirmed
            .extend(confirmed.filter_map(|(number, confirmed)| Some((number, confirmed?))));
    }
}

impl Recorder {
    async fn run(mut self, mut looked: mpsc::Receiver<Looked>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while looked.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let at = self.app.now();
            let mut frames: Vec<Followed> =
                batch.drain(..).map(|looked| self.follow(looked)).collect();
            let mut changes = self.record(&mut frames, at).await;
            changes.extend(self.note_departures(&frames, at).await);
            // After the commit: the map never shows what may roll back.
            self.app.live.publish(&changes, at);
            if !changes.is_empty() {
                self.app.redactions.ring();
            }
            for frame in frames {
                self.finish(frame);
            }
        }
    }

    /// Frame → what is where → what stays, or was seen often enough.
    fn follow(&mut self, looked: Looked) -> Followed {
        let Looked {
            waiting,
            seen,
            health,
            renewed,
        } = looked;
        let frame = &waiting.frame;
        let (camera, captured_at) = (&frame.camera, frame.captured_at);
        if let Some(health) = &health {
            let at = frame.received_at;
            self.app.health.look(camera, at, captured_at, health);
        }
        let seen = match seen {
            Ok(seen) => seen,
            Err(failure) => return Followed::failed(waiting, failure),
        };
        let mut judged = self.judge(frame, &seen);
        if let Some(renewal) = &renewed {
            self.backgrounds
                .judge(&self.app, &self.rules, frame, &seen, renewal, &mut judged);
        }
        let believed = self.is_believed(camera, health.as_ref());
        let departed = if believed {
            let stands = self.backgrounds.stand(&self.app, &self.rules, camera);
            departures::look(&mut self.departures, frame, &seen, &stands)
        } else {
            Vec::new()
        };
        Followed {
            report: FrameReport::processed(frame, &seen, judged.reports),
            confirmed: judged.confirmed,
            departed,
            waiting,
        }
    }

    /// What is where, of that what stays or was seen often enough.
    fn judge(&mut self, frame: &Frame, seen: &[Detections]) -> Judged {
        let started = Instant::now();
        let moved = self.app.health.is_moved(&frame.camera);
        let mut placed = place(&self.app.territory.now(), &self.rules, frame, seen, moved);
        histogram!(telemetry::STAGE_SECONDS, "stage" => "place").record(started.elapsed());
        let stay = |rule: &SightingRule| rule.stay.clone();
        let staying = stays::judge(&mut self.stays, frame, &mut placed, stay);
        let mut judged = Judged::default();
        judged.confirm(frame, placed, &mut self.confirmer);
        judged.confirmed.extend(staying);
        judged
    }

    /// Files what is confirmed: all frames in one transaction or, when that is refused, each in
    /// one of its own, so that one bad frame does not take others with it.
    async fn record(&self, frames: &mut [Followed], at: DateTime<Utc>) -> Vec<CaseChange> {
        let all: Vec<Confirmed> = frames.iter().flat_map(Followed::to_file).collect();
        if let Ok(changes) = self.file(&all, at).await {
            let mut filed = changes.iter();
            for frame in frames {
                frame.name_cases(filed.by_ref());
            }
            return changes;
        }
        let mut changes = Vec::new();
        for frame in frames {
            let confirmed: Vec<Confirmed> = frame.to_file().collect();
            match self.file(&confirmed, at).await {
                Ok(filed) => {
                    frame.name_cases(filed.iter());
                    changes.extend(filed);
                }
                Err(error) => {
                    frame.report = Failure::NotFiled(error).of(&frame.waiting.frame);
                }
            }
        }
        changes
    }

    async fn file(
        &self,
        confirmed: &[Confirmed],
        at: DateTime<Utc>,
    ) -> anyhow::Result<Vec<CaseChange>> {
        if confirmed.is_empty() {
            return Ok(Vec::new());
        }
        let started = Instant::now();
        let rules = self.app.rules.in_force(at);
        let mut patience = Patience::new(&self.give_up);
        let changes = loop {
            let filed = cases::record(
                &self.app.machine,
                &self.app.evidence,
                confirmed,
                Some(&rules),
                at,
            );
            match filed.await {
                Ok(changes) => break changes,
                Err(error) => patience.outlast(error).await?,
            }
        };
        histogram!(telemetry::STAGE_SECONDS, "stage" => "record").record(started.elapsed());
        for change in &changes {
            let kind = match change {
                CaseChange::Opened(_) => "opened",
                CaseChange::SeenAgain(_) | CaseChange::Changed(_) | CaseChange::Unchanged(_) => {
                    "joined"
                }
            };
            counter!(telemetry::CASES, "change" => kind).increment(1);
        }
        Ok(changes)
    }

    fn finish(
        &self,
        Followed {
            waiting, report, ..
        }: Followed,
    ) {
        let Waiting { frame, reply } = waiting;
        if report.outcome == FrameOutcome::Processed {
            counter!(telemetry::FRAMES, "outcome" => "processed", "reason" => "").increment(1);
            let total = self.app.now() - frame.received_at;
            histogram!(telemetry::STAGE_SECONDS, "stage" => "total")
                .record(total.to_std().unwrap_or_default());
            let picture = LastFrame {
                captured_at: frame.captured_at,
                jpeg: frame.jpeg,
                masks: Arc::default(),
            };
            self.app.last_frames.put(&frame.camera.id, picture);
        }
        if let Some(reply) = reply {
            // The pusher may have hung up; then there is nobody to tell.
            drop(reply.send(report));
        }
    }
}

impl Followed {
    fn failed(waiting: Waiting<FrameReport>, failure: Failure) -> Self {
        Self {
            report: failure.of(&waiting.frame),
            confirmed: Vec::new(),
            departed: Vec::new(),
            waiting,
        }
    }

    fn to_file(&self) -> impl Iterator<Item = Confirmed> {
        self.confirmed
            .iter()
            .map(|(_, confirmed)| confirmed.clone())
    }

    /// `filed`: one change for each confirmed sighting, in order.
    fn name_cases<'a>(&mut self, filed: impl Iterator<Item = &'a CaseChange>) {
        for ((number, _), change) in self.confirmed.iter().zip(filed) {
            self.report.detections[*number].case_id = Some(change.case_id());
        }
    }
}
