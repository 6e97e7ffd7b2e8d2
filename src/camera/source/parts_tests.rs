use proptest::prelude::*;

use super::*;

const MAX: usize = 1000;

/// All parts of a stream that comes in pieces of `piece` bytes.
fn read(content_type: &str, stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut parts = Parts::new(content_type, MAX)?;
    let mut bodies = Vec::new();
    for bytes in stream.chunks(piece.max(1)) {
        parts.push(bytes);
        while let Some(part) = parts.next_part()? {
            bodies.push(part.body.to_vec());
        }
    }
    Ok(bodies)
}

const PICTURES: [&[u8]; 3] = [b"one\r\n--two", b"", b"\xFF\xD8three\xFF\xD9"];

#[test]
fn cameras_write_boundaries_in_many_ways() {
    let announced = [
        ("multipart/x-mixed-replace;boundary=frame", "--frame"),
        ("multipart/x-mixed-replace; boundary=\"frame\"", "--frame"),
        ("Multipart/X-Mixed-Replace; boundary=--frame", "--frame"),
        (
            "multipart/x-mixed-replace; charset=a; Boundary = --frame",
            "----frame",
        ),
        ("multipart/x-mixed-replace; boundary=frame", "frame"),
        ("multipart/x-mixed-replace", "--whatever it is"),
    ];
    for (content_type, boundary) in announced {
        for line in ["\r\n", "\n"] {
            let mut stream = format!("{line}{boundary}{line}").into_bytes();
            for picture in [PICTURES[0], PICTURES[2]] {
                let length = picture.len();
                let head =
                    format!("Content-Type: image/jpeg{line}CONTENT-LENGTH:{length}{line}{line}");
                stream.extend(head.as_bytes());
                stream.extend(picture);
                stream.extend(format!("{line}{boundary}{line}").as_bytes());
            }
            for piece in [1, 7, 10_000] {
                let read = read(content_type, &stream, piece);
                let expected = vec![PICTURES[0].to_vec(), PICTURES[2].to_vec()];
                assert_eq!(read, Ok(expected), "{content_type} {line:?} {piece}");
            }
        }
    }
}

#[test]
fn parts_without_a_length_end_at_the_next_boundary_wherever_it_stands() {
    let stream = b"--b1\r\n\r\nfirst\r\n--b1\nX: y\n\nsecond--b1\r\nContent-Length: 0\r\n\r\nthird\n--b1--\r\nrest";
    for piece in 1..stream.len() {
        let bodies = read("multipart/x-mixed-replace; boundary=b1", stream, piece).unwrap();
        let expected: [&[u8]; 3] = [b"first", b"second", b"third"];
        assert_eq!(bodies, expected);
    }
    let mut parts = Parts::new("multipart/mixed; boundary=b1", MAX).unwrap();
    parts.push(b"--b1--");
    assert_eq!(parts.next_part(), Ok(None));
    assert!(parts.is_over());
}

#[test]
fn a_wrong_length_costs_a_picture_and_not_the_stream() {
    let short = b"--b1\r\nContent-Length: 3\r\n\r\nfirst\r\n--b1\r\n\r\nsecond\r\n--b1\r\n";
    let bodies = read("multipart/x-mixed-replace; boundary=b1", short, 5).unwrap();
    assert_eq!(bodies, [b"fir".to_vec(), b"second".to_vec()]);
}

#[test]
fn a_camera_may_say_when() {
    let mut parts = Parts::new("multipart/x-mixed-replace; boundary=b", MAX).unwrap();
    parts.push(b"--b\r\nX-Timestamp: 1764403200.250000\r\nContent-Length: 1\r\n\r\nx");
    let part = parts.next_part().unwrap().unwrap();
    assert_eq!(part.stamped_s, Some(1_764_403_200.25));
}

#[test]
fn everything_has_a_bound() {
    let announced = "multipart/x-mixed-replace; boundary=b1";
    let large = Err(Malformed::PartTooLarge { bytes_max: MAX });
    let long = vec![b'x'; 100_000];
    assert_eq!(
        read(announced, b"--b1\r\nContent-Length: 1001\r\n\r\n", 9),
        large
    );
    let endless = [b"--b1\r\n\r\n", &long[..]].concat();
    assert_eq!(read(announced, &endless, 100), large);
    let headless = [b"--b1\r\n", &long[..]].concat();
    assert_eq!(read(announced, &headless, 100), Err(Malformed::HeadTooLong));
    assert_eq!(read(announced, &long, 100), Err(Malformed::NoBoundary));
    assert_eq!(
        read("multipart/x; boundary=--", b"-----\r\n", 3),
        Err(Malformed::Boundary)
    );
    let jpeg = Err(Malformed::NotMultipart("image/jpeg".to_owned()));
    assert_eq!(read("image/jpeg", b"", 1), jpeg);
}

proptest! {
    #[test]
    fn what_was_written_is_read_however_it_is_cut(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6),
        piece in 1_usize..60,
    ) {
        let mut stream = b"--frame\r\n".to_vec();
        for body in &bodies {
            stream.extend(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            stream.extend(body);
            stream.extend(b"\r\n--frame\r\n");
        }
        let read = read("multipart/x-mixed-replace; boundary=frame", &stream, piece);
        prop_assert_eq!(read, Ok(bodies));
    }

    #[test]
    fn no_bytes_panic(
        stream in "(--b1|\r|\n|Content-Length: [0-9]{1,3}|[a-z]{0,9}|:|-){0,60}",
        piece in 1_usize..20,
    ) {
        let of = |piece| read("multipart/x-mixed-replace; boundary=b1", stream.as_bytes(), piece);
        prop_assert_eq!(of(piece).ok(), of(usize::MAX >> 1).ok());
    }
}
