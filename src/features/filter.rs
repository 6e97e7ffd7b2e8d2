//! A filter as SQL. Kinds are looked at first, so that the database is never asked for what makes
//! no sense; values are parameters.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what does not fit one of a few expressions or kinds is refused whatever it is"
)]

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use geo_types::{Coord, Geometry, Rect};
use geozero::{CoordDimensions, ToWkb as _};
use sqlx::{Postgres, QueryBuilder};

use super::collection::{Kind, Property};
use super::cql2::{Bound, Expr};
use super::crs::Crs;

/// What is wrong with a filter of this collection.
pub(super) type Unfit = String;

/// What a filter is put into.
pub(super) struct Filter<'q, 'args> {
    pub(super) query: &'q mut QueryBuilder<'args, Postgres>,
    pub(super) properties: &'static [Property],
    /// Of its geometries.
    pub(super) crs: Crs,
}

/// Spatial operators and the functions of PostGIS they are.
const SPATIAL: [(&str, &str); 8] = [
    ("s_intersects", "st_intersects"),
    ("s_equals", "st_equals"),
    ("s_disjoint", "st_disjoint"),
    ("s_touches", "st_touches"),
    ("s_within", "st_within"),
    ("s_overlaps", "st_overlaps"),
    ("s_crosses", "st_crosses"),
    ("s_contains", "st_contains"),
];

/// Temporal operators as conditions on the first interval, `{a}` to `{b}`, and the second, `{c}` to
/// `{d}` (OGC 21-065r2, table 8). A moment is an interval that ends when it begins.
const TEMPORAL: [(&str, &str); 15] = [
    ("t_after", "{a} > {d}"),
    ("t_before", "{b} < {c}"),
    ("t_contains", "{a} < {c} and {b} > {d}"),
    ("t_disjoint", "({b} < {c} or {a} > {d})"),
    ("t_during", "{a} > {c} and {b} < {d}"),
    ("t_equals", "{a} = {c} and {b} = {d}"),
    ("t_finishedBy", "{a} < {c} and {b} = {d}"),
    ("t_finishes", "{a} > {c} and {b} = {d}"),
    ("t_intersects", "{a} <= {d} and {b} >= {c}"),
    ("t_meets", "{b} = {c}"),
    ("t_metBy", "{a} = {d}"),
    ("t_overlappedBy", "{a} > {c} and {a} < {d} and {b} > {d}"),
    ("t_overlaps", "{a} < {c} and {b} > {c} and {b} < {d}"),
    ("t_startedBy", "{a} = {c} and {b} > {d}"),
    ("t_starts", "{a} = {c} and {b} < {d}"),
];

fn of<'a>(table: &[(&str, &'a str)], op: &str) -> Option<&'a str> {
    let found = table.iter().find(|(name, _)| *name == op);
    found.map(|(_, sql)| *sql)
}

impl Filter<'_, '_> {
    /// A condition.
    ///
    /// # Errors
    /// What it asks for that this collection does not have.
    pub(super) fn condition(&mut self, filter: &Expr) -> Result<(), Unfit> {
        match self.kind(filter)? {
            Kind::Bool => self.push(filter),
            other => Err(format!("a filter is true or false, not {}", named(other))),
        }
    }

    fn property(&self, name: &str) -> Result<Kind, Unfit> {
        if matches!(name, "geometry" | "geom") {
            return Ok(Kind::Geometry);
        }
        let known = self.properties.iter().find(|own| own.name == name);
        known.map(|own| own.kind).ok_or_else(|| {
            let names: Vec<&str> = self.properties.iter().map(|own| own.name).collect();
            let names = names.join(", ");
            format!("there is no property {name}; there are geometry, {names}")
        })
    }

    fn kind(&self, expr: &Expr) -> Result<Kind, Unfit> {
        match expr {
            Expr::Property(name) => self.property(name),
            Expr::Text(_) => Ok(Kind::Text),
            Expr::Number(_) => Ok(Kind::Number),
            Expr::Bool(_) => Ok(Kind::Bool),
            Expr::Date(_) => Ok(Kind::Date),
            Expr::Timestamp(_) => Ok(Kind::Instant),
            Expr::Geometry(_) | Expr::BBox(_) => Ok(Kind::Geometry),
            Expr::Interval(_) => Err("an interval stands in a temporal function".to_owned()),
            Expr::List(_) => Err("no property of this collection is a list".to_owned()),
            Expr::Call { op, args } => self.kind_of_call(op, args),
        }
    }

    fn kind_of_call(&self, op: &str, args: &[Expr]) -> Result<Kind, Unfit> {
        let all = |kind| self.all_are(op, args, kind);
        match (op, args.len()) {
            ("and" | "or", 2..) | ("not", 1) => all(Kind::Bool).map(|()| Kind::Bool),
            ("=" | "<>" | "<" | ">" | "<=" | ">=", 2) | ("between", 3) => {
                self.comparable(op, args).map(|()| Kind::Bool)
            }
            ("in", 2) => {
                let of = [&args[0]].into_iter().chain(values(&args[1]));
                self.comparable(op, of).map(|()| Kind::Bool)
            }
            ("isNull", 1) => self.kind(&args[0]).map(|_| Kind::Bool),
            ("like", 2) => all(Kind::Text).map(|()| Kind::Bool),
            ("casei" | "accenti", 1) => all(Kind::Text).map(|()| Kind::Text),
            ("+" | "-" | "*" | "/" | "%" | "div" | "^", 2) => {
                all(Kind::Number).map(|()| Kind::Number)
            }
            (_, 2) if of(&SPATIAL, op).is_some() => all(Kind::Geometry).map(|()| Kind::Bool),
            (_, 2) if of(&TEMPORAL, op).is_some() => {
                args.iter().try_for_each(|arg| self.is_temporal(op, arg))?;
                Ok(Kind::Bool)
            }
            (_, count) => Err(format!("there is no {op} of {count} here")),
        }
    }

    fn all_are(&self, op: &str, args: &[Expr], kind: Kind) -> Result<(), Unfit> {
        args.iter().try_for_each(|arg| {
            let is = self.kind(arg)?;
            if is == kind {
                return Ok(());
            }
            Err(format!("{op} is of {}, not {}", named(kind), named(is)))
        })
    }

    fn comparable<'e>(
        &self,
        op: &str,
        args: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<(), Unfit> {
        let mut args = args.into_iter();
        let Some(first) = args.next() else {
            return Ok(());
        };
        let first = self.kind(first)?;
        for arg in args {
            let other = self.kind(arg)?;
            let both_times = is_time(first) && is_time(other);
            if first != other && !both_times {
                let (first, other) = (named(first), named(other));
                return Err(format!("{op} compares {first} with {other}"));
            }
        }
        if first == Kind::Geometry {
            return Err("geometries are compared by spatial functions".to_owned());
        }
        Ok(())
    }

    fn is_temporal(&self, op: &str, arg: &Expr) -> Result<(), Unfit> {
        match arg {
            Expr::Interval(ends) => ends.iter().try_for_each(|end| match end {
                Bound::Open => Ok(()),
                Bound::At(Expr::Interval(_)) => Err("an interval ends in a time".to_owned()),
                Bound::At(end) => self.is_temporal(op, end),
            }),
            _ => match self.kind(arg)? {
                Kind::Date | Kind::Instant => Ok(()),
                other => Err(format!("{op} is of times, not {}", named(other))),
            },
        }
    }

    /// What was found to make sense.
    fn push(&mut self, expr: &Expr) -> Result<(), Unfit> {
        match expr {
            Expr::Property(name) if self.property(name)? == Kind::Geometry => self.put("f.geom"),
            Expr::Property(name) => self.put(&format!("f.{name}")),
            Expr::Text(text) if text.contains('\0') => {
                return Err("a text must not hold U+0000".to_owned());
            }
            Expr::Text(text) => self.bind(text.clone()),
            Expr::Number(number) => self.bind(*number),
            Expr::Bool(value) => self.bind(*value),
            Expr::Date(day) => self.bind(*day),
            Expr::Timestamp(moment) => self.bind(*moment),
            Expr::Geometry(geometry) => self.geometry(geometry)?,
            Expr::BBox([a, b, c, d]) => {
                let corner = |x, y| Coord { x, y };
                let area = Rect::new(corner(*a, *b), corner(*c, *d)).to_polygon();
                self.geometry(&Geometry::Polygon(area))?;
            }
            Expr::Interval(_) | Expr::List(_) => self.kind(expr).map(|_| ())?,
            Expr::Call { op, args } => self.call(op, args)?,
        }
        Ok(())
    }

    fn put(&mut self, sql: &str) {
        self.query.push(sql);
    }

    fn bind<T>(&mut self, value: T)
    where
        T: 'static + Send + sqlx::Type<Postgres> + for<'e> sqlx::Encode<'e, Postgres>,
    {
        self.query.push_bind(value);
    }

    fn call(&mut self, op: &str, args: &[Expr]) -> Result<(), Unfit> {
        self.put("(");
        match op {
            "and" | "or" => self.joined(args, &format!(" {op} "))?,
            "not" => self.around("not ", &args[0], "")?,
            "isNull" => self.around("", &args[0], " is null")?,
            "casei" => self.around("lower(", &args[0], ")")?,
            // letters without the marks above and below them
            "accenti" => {
                let end = ", nfd), '[\u{300}-\u{36f}]', '', 'g')";
                self.around("regexp_replace(normalize(", &args[0], end)?;
            }
            "like" => self.joined(args, " like ")?,
            "in" => {
                self.one_of(&args[0], values(&args[1]))?;
            }
            "between" => {
                let as_moments = self.are_mixed(args)?;
                let [what, low, high] = args else {
                    return Err("between has two ends".to_owned());
                };
                self.side(what, as_moments)?;
                self.put(" between ");
                self.side(low, as_moments)?;
                self.put(" and ");
                self.side(high, as_moments)?;
            }
            "+" | "-" | "*" => {
                self.around("", &args[0], &format!("::float8 {op} "))?;
                self.around("", &args[1], "::float8")?;
            }
            // what is divided by nothing is unknown
            "/" => {
                self.around("", &args[0], "::float8 / ")?;
                self.around("nullif(", &args[1], "::float8, 0)")?;
            }
            "%" | "div" => {
                let function = if op == "%" { "mod(" } else { "div(" };
                self.around(function, &args[0], "::numeric, ")?;
                self.around("nullif(", &args[1], "::numeric, 0))")?;
            }
            "^" => {
                self.around("power(", &args[0], "::float8, ")?;
                self.around("", &args[1], "::float8)")?;
            }
            _ => {
                if let Some(function) = of(&SPATIAL, op) {
                    self.around(&format!("{function}("), &args[0], ", ")?;
                    self.around("", &args[1], ")")?;
                } else if let Some(condition) = of(&TEMPORAL, op) {
                    self.temporal(condition, args)?;
                } else {
                    self.compared(op, &args[0], &args[1])?;
                }
            }
        }
        self.put(")");
        Ok(())
    }

    fn joined(&mut self, args: &[Expr], word: &str) -> Result<(), Unfit> {
        for (index, arg) in args.iter().enumerate() {
            self.put(if index == 0 { "" } else { word });
            self.push(arg)?;
        }
        Ok(())
    }

    fn around(&mut self, before: &str, arg: &Expr, after: &str) -> Result<(), Unfit> {
        self.put(before);
        self.push(arg)?;
        self.put(after);
        Ok(())
    }

    fn compared(&mut self, op: &str, left: &Expr, right: &Expr) -> Result<(), Unfit> {
        let as_moments = self.are_mixed([left, right])?;
        self.side(left, as_moments)?;
        self.put(&format!(" {op} "));
        self.side(right, as_moments)
    }

    fn one_of(&mut self, what: &Expr, values: &[Expr]) -> Result<(), Unfit> {
        if values.is_empty() {
            self.put("false");
            return Ok(());
        }
        let as_moments = self.are_mixed([what].into_iter().chain(values))?;
        self.side(what, as_moments)?;
        for (index, value) in values.iter().enumerate() {
            self.put(if index == 0 { " in (" } else { ", " });
            self.side(value, as_moments)?;
        }
        self.put(")");
        Ok(())
    }

    /// Whether days stand beside moments: they are compared as moments.
    fn are_mixed<'e>(&self, sides: impl IntoIterator<Item = &'e Expr>) -> Result<bool, Unfit> {
        let mut kinds = sides.into_iter().map(|side| self.kind(side));
        let Some(first) = kinds.next().transpose()? else {
            return Ok(false);
        };
        for kind in kinds {
            if kind? != first {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn side(&mut self, side: &Expr, as_moment: bool) -> Result<(), Unfit> {
        if as_moment {
            self.moment(side, Edge::Begin)
        } else {
            self.push(side)
        }
    }

    fn temporal(&mut self, condition: &str, args: &[Expr]) -> Result<(), Unfit> {
        let mut rest = condition;
        while let Some((before, after)) = rest.split_once('{') {
            self.put(before);
            let (end, after) = after.split_once('}').unwrap_or((after, ""));
            match end {
                "a" => self.moment(&args[0], Edge::Begin)?,
                "b" => self.moment(&args[0], Edge::End)?,
                "c" => self.moment(&args[1], Edge::Begin)?,
                _ => self.moment(&args[1], Edge::End)?,
            }
            rest = after;
        }
        self.put(rest);
        Ok(())
    }

    /// When something begins or ends, as a timestamp.
    fn moment(&mut self, expr: &Expr, edge: Edge) -> Result<(), Unfit> {
        match expr {
            Expr::Interval(ends) => {
                let (end, open) = match edge {
                    Edge::Begin => (&ends[0], "'-infinity'::timestamptz"),
                    Edge::End => (&ends[1], "'infinity'::timestamptz"),
                };
                match end {
                    Bound::Open => self.put(open),
                    Bound::At(end) => {
                        self.put("coalesce(");
                        self.moment(end, edge)?;
                        self.put(&format!(", {open})"));
                    }
                }
            }
            Expr::Date(day) => self.bind(edge.of_day(*day)),
            other if self.kind(other)? == Kind::Date => {
                // the last microsecond of a day is its end
                let offset = match edge {
                    Edge::Begin => "",
                    Edge::End => " + interval '1 day - 1 microsecond'",
                };
                self.put("((");
                self.push(other)?;
                self.put(&format!("::timestamp{offset}) at time zone 'UTC')"));
            }
            other => self.push(other)?,
        }
        Ok(())
    }

    /// A geometry as the stored ones are.
    fn geometry(&mut self, geometry: &Geometry<f64>) -> Result<(), Unfit> {
        let bytes = geometry
            .to_ewkb(CoordDimensions::xy(), Some(self.crs.srid()))
            .map_err(|error| format!("a geometry cannot be used: {error}"))?;
        let flip = if self.crs.is_north_first() {
            "st_flipcoordinates("
        } else {
            "("
        };
        self.put("st_makevalid(st_transform(");
        self.put(flip);
        self.put("st_geomfromewkb(");
        self.bind(bytes);
        self.put(")), 4326))");
        Ok(())
    }
}

/// What `in` looks among; a list of one is written like any other value in brackets.
fn values(list: &Expr) -> &[Expr] {
    match list {
        Expr::List(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// An end of an interval or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

impl Edge {
    fn of_day(self, day: NaiveDate) -> DateTime<Utc> {
        let begin = day.and_time(NaiveTime::MIN).and_utc();
        match self {
            Self::Begin => begin,
            Self::End => begin + TimeDelta::days(1) - TimeDelta::microseconds(1),
        }
    }
}

fn is_time(kind: Kind) -> bool {
    matches!(kind, Kind::Date | Kind::Instant)
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "numbers",
        Kind::Bool => "truth",
        Kind::Date => "days",
        Kind::Instant => "moments",
        Kind::Geometry => "geometries",
    }
}
