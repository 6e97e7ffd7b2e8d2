//! What is really in a picture: boxes read from the pixels each thing was painted on.

use serde::Serialize;
use tiny_skia::{Color, FillRule, Paint, Path, Pixmap, Shader, Transform};

/// A labelled thing in a picture; pixels, origin at the top left.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TrueBox {
    pub(super) label: &'static str,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
    /// Share of the thing that is neither hidden nor outside the picture, 0 to 1.
    pub(super) visible: f32,
}

/// Which thing each pixel belongs to.
pub(super) struct Owners {
    pixels: Pixmap,
    current: u16,
    extent: Extent,
    claims: Vec<Claim>,
}

/// Bounds in pixels that may reach beyond the picture.
#[derive(Debug, Clone, Copy)]
struct Extent {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Extent {
    const NONE: Self = Self {
        left: f32::MAX,
        top: f32::MAX,
        right: f32::MIN,
        bottom: f32::MIN,
    };

    fn area(&self) -> f32 {
        (self.right - self.left).max(0.0) * (self.bottom - self.top).max(0.0)
    }

    fn within(&self, width: f32, height: f32) -> Self {
        Self {
            left: self.left.max(0.0),
            top: self.top.max(0.0),
            right: self.right.min(width),
            bottom: self.bottom.min(height),
        }
    }
}

struct Claim {
    owner: u16,
    label: &'static str,
    inside: Extent,
    /// Share of the whole outline that lies inside the picture.
    kept: f32,
    /// Pixels it had when it was just painted.
    painted: u32,
}

impl Owners {
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        Some(Self {
            pixels: Pixmap::new(width, height)?,
            current: 0,
            extent: Extent::NONE,
            claims: Vec::new(),
        })
    }

    /// From here on pixels belong to the next thing.
    pub(super) fn begin(&mut self) {
        self.current = self.current.wrapping_add(1);
        self.extent = Extent::NONE;
    }

    /// The thing being painted is done and carries this label.
    pub(super) fn claim(&mut self, label: &'static str) {
        let (width, height) = (self.pixels.width() as f32, self.pixels.height() as f32);
        let inside = self.extent.within(width, height);
        if inside.area() <= 0.0 {
            return;
        }
        self.claims.push(Claim {
            owner: self.current,
            label,
            inside,
            kept: inside.area() / self.extent.area(),
            painted: self.count(self.current, &inside),
        });
    }

    pub(super) fn fill(&mut self, path: &Path) {
        let bounds = path.bounds();
        self.extent = Extent {
            left: self.extent.left.min(bounds.left()),
            top: self.extent.top.min(bounds.top()),
            right: self.extent.right.max(bounds.right()),
            bottom: self.extent.bottom.max(bounds.bottom()),
        };
        let [high, low] = self.current.to_be_bytes();
        let paint = Paint {
            shader: Shader::SolidColor(Color::from_rgba8(high, low, 0, 255)),
            anti_alias: false,
            ..Paint::default()
        };
        self.pixels
            .fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    fn count(&self, owner: u16, extent: &Extent) -> u32 {
        let [high, low] = owner.to_be_bytes();
        let clip = |value: f32, most: u32| {
            usize::try_from(super::color::step(value)).map_or(0, |v| v.min(most as usize))
        };
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let columns = clip(extent.left, width)..clip(extent.right + 1.0, width);
        let data = self.pixels.data();
        let mut count = 0;
        for row in clip(extent.top, height)..clip(extent.bottom + 1.0, height) {
            for column in columns.clone() {
                let at = (row * width as usize + column) * 4;
                count += u32::from(data[at] == high && data[at + 1] == low && data[at + 3] > 0);
            }
        }
        count
    }

    /// The labelled boxes of the finished picture.
    pub(super) fn boxes(&self) -> Vec<TrueBox> {
        self.claims
            .iter()
            .filter(|claim| claim.painted > 0)
            .map(|claim| {
                let left = self.count(claim.owner, &claim.inside);
                TrueBox {
                    label: claim.label,
                    left: claim.inside.left,
                    top: claim.inside.top,
                    right: claim.inside.right,
                    bottom: claim.inside.bottom,
                    visible: claim.kept * left as f32 / claim.painted as f32,
                }
            })
            .collect()
    }
}
