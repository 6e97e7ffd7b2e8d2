//! Writes small networks as ONNX files: the protocol buffers of onnx.proto3, as far as a few
//! operators need them.

use std::iter::repeat_n;

/// Types of numbers, by their code in `TensorProto.DataType`.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    I64 = 7,
}

pub(crate) enum Attribute<'a> {
    Int(i64),
    Ints(&'a [i64]),
}

/// A graph that grows node by node; tensors go by name.
#[derive(Default)]
pub(crate) struct Graph {
    fields: Vec<u8>,
}

impl Graph {
    /// `shape`: -1 where the length is open.
    pub(crate) fn input(&mut self, name: &str, of: Type, shape: &[i64]) {
        message(&mut self.fields, 11, &value_info(name, of, shape));
    }

    pub(crate) fn output(&mut self, name: &str, of: Type, shape: &[i64]) {
        message(&mut self.fields, 12, &value_info(name, of, shape));
    }

    pub(crate) fn f32s(&mut self, name: &str, shape: &[i64], values: &[f32]) {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, Type::F32, shape, &raw);
    }

    pub(crate) fn i64s(&mut self, name: &str, values: &[i64]) {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, Type::I64, &[values.len() as i64], &raw);
    }

    pub(crate) fn constant(&mut self, name: &str, of: Type, shape: &[i64], raw: &[u8]) {
        let mut tensor = Vec::new();
        for length in shape {
            number(&mut tensor, 1, *length);
        }
        number(&mut tensor, 2, of as i64);
        message(&mut tensor, 8, name.as_bytes());
        message(&mut tensor, 9, raw);
        message(&mut self.fields, 5, &tensor);
    }

    pub(crate) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let mut node = Vec::new();
        for input in inputs {
            message(&mut node, 1, input.as_bytes());
        }
        message(&mut node, 2, output.as_bytes());
        message(&mut node, 3, output.as_bytes());
        message(&mut node, 4, operator.as_bytes());
        for (name, value) in attributes {
            let mut attribute = Vec::new();
            message(&mut attribute, 1, name.as_bytes());
            match value {
                Attribute::Int(value) => {
                    number(&mut attribute, 3, *value);
                    number(&mut attribute, 20, 2);
                }
                Attribute::Ints(values) => {
                    for value in *values {
                        number(&mut attribute, 8, *value);
                    }
                    number(&mut attribute, 20, 7);
                }
            }
            message(&mut node, 5, &attribute);
        }
        message(&mut self.fields, 1, &node);
    }

    /// The whole file.
    pub(crate) fn model(mut self) -> Vec<u8> {
        message(&mut self.fields, 2, b"network");
        let mut operators = Vec::new();
        number(&mut operators, 2, 17);
        let mut model = Vec::new();
        number(&mut model, 1, 8);
        message(&mut model, 7, &self.fields);
        message(&mut model, 8, &operators);
        model
    }
}

fn value_info(name: &str, of: Type, shape: &[i64]) -> Vec<u8> {
    let mut lengths = Vec::new();
    for (index, length) in shape.iter().enumerate() {
        let mut dimension = Vec::new();
        match length {
            -1 => message(&mut dimension, 2, format!("open{index}").as_bytes()),
            length => number(&mut dimension, 1, *length),
        }
        message(&mut lengths, 1, &dimension);
    }
    let mut tensor = Vec::new();
    number(&mut tensor, 1, of as i64);
    message(&mut tensor, 2, &lengths);
    let mut kind = Vec::new();
    message(&mut kind, 1, &tensor);
    let mut info = Vec::new();
    message(&mut info, 1, name.as_bytes());
    message(&mut info, 2, &kind);
    info
}

/// A field of a number.
fn number(out: &mut Vec<u8>, field: u64, value: i64) {
    varint(out, field << 3);
    varint(out, value.cast_unsigned());
}

/// A field of bytes: text or a message.
fn message(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A row of equal numbers, for scales and shifts.
pub(crate) fn equal(value: f32, count: usize) -> Vec<f32> {
    repeat_n(value, count).collect()
}
