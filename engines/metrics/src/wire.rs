//! Reading and writing protobuf's wire format and varints without copying.

/// Bytes that do not follow the format: what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed bytes: {0}")]
pub struct Malformed(pub &'static str);

/// A position in bytes that moves on with each read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// One field of a protobuf message.
#[derive(Clone, Copy)]
pub enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed("one more byte"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        if len > self.rest.len() {
            return Err(Malformed("as many bytes as announced"));
        }
        let (head, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(self.take(N)?.try_into().expect("take returns as many bytes as asked"))
    }

    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift.min(63);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed("a varint of at most ten bytes"))
    }

    pub fn zigzag(&mut self) -> Result<i64, Malformed> {
        self.varint().map(unzigzag)
    }

    /// The next field's number and content, or nothing at the end.
    pub fn field(&mut self) -> Result<Option<(u32, Field<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed("a field number"))?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| Malformed("a length"))?;
                Field::Bytes(self.take(len)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed("a wire type of 0, 1, 2 or 5")),
        };
        Ok(Some((number, field)))
    }
}

impl<'a> Field<'a> {
    pub fn uint(self) -> Result<u64, Malformed> {
        match self {
            Self::Varint(v) | Self::Fixed64(v) => Ok(v),
            Self::Fixed32(v) => Ok(v.into()),
            Self::Bytes(_) => Err(Malformed("a number")),
        }
    }

    pub fn int(self) -> Result<i64, Malformed> {
        self.uint().map(|v| v as i64)
    }

    pub fn sint(self) -> Result<i64, Malformed> {
        self.uint().map(unzigzag)
    }

    pub fn double(self) -> Result<f64, Malformed> {
        match self {
            Self::Fixed64(v) => Ok(f64::from_bits(v)),
            Self::Fixed32(v) => Ok(f32::from_bits(v).into()),
            _ => Err(Malformed("a double")),
        }
    }

    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed("bytes")),
        }
    }

    pub fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("UTF-8"))
    }

    pub fn message(self) -> Result<Reader<'a>, Malformed> {
        self.bytes().map(Reader::new)
    }

    /// A repeated number, packed or single, each handed on as it stands on the wire.
    pub fn each(self, is_fixed: bool, mut f: impl FnMut(u64)) -> Result<(), Malformed> {
        let Self::Bytes(bytes) = self else {
            f(self.uint()?);
            return Ok(());
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            f(if is_fixed { u64::from_le_bytes(reader.array()?) } else { reader.varint()? });
        }
        Ok(())
    }
}

pub fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

pub fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

pub fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}
