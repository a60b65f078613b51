//! From the text of a template to its parts.

/// How deep blocks and parentheses may be nested.
const DEEPEST: usize = 64;

#[derive(Clone, Debug)]
pub enum Node {
    Text(String),
    Action(Pipeline),
    If(Vec<(Pipeline, Vec<Node>)>, Vec<Node>),
    Range(Pipeline, Vec<Node>, Vec<Node>),
    With(Pipeline, Vec<Node>, Vec<Node>),
}

/// Commands, the result of each being the last argument of the next.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Variables that get the result.
    pub variables: Vec<String>,
    /// `=` and not `:=`.
    pub is_assignment: bool,
    pub commands: Vec<Vec<Operand>>,
}

#[derive(Clone, Debug)]
pub enum Operand {
    Text(String),
    Number(f64),
    Whole(i64),
    Bool(bool),
    Nil,
    /// Of what the dot stands for.
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Nested(Pipeline, Vec<String>),
    Function(String),
}

/// A piece of a template: text, or the inside of `{{ }}`.
enum Piece<'a> {
    Text(&'a str),
    Action(&'a str),
}

/// Reads a template; the reason if it cannot be understood.
pub fn parse(template: &str) -> Result<Vec<Node>, String> {
    let pieces = pieces(template)?;
    let mut reader = Blocks { pieces: &pieces, at: 0, depth: 0 };
    let (nodes, end) = reader.list()?;
    match end {
        End::Template => Ok(nodes),
        End::Else(_) => Err("unexpected {{else}}".into()),
        End::Block => Err("unexpected {{end}}".into()),
    }
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let (mut before, inside) = (&rest[..start], &rest[start + 2..]);
        let mut inside_from = 0;
        if inside.starts_with('-') && inside[1..].starts_with(char::is_whitespace) {
            before = before.trim_end();
            inside_from = 1;
        }
        out.push(Piece::Text(before));
        let inside = &inside[inside_from..];
        let is_comment = inside.trim_start().starts_with("/*");
        let len = if is_comment { comment_end(inside) } else { action_end(inside) };
        let len = len.ok_or("unterminated action or quoted string")?;
        let mut action = &inside[..len];
        rest = &inside[len + 2..];
        if let Some(cut) =
            action.strip_suffix('-').filter(|cut| cut.ends_with(char::is_whitespace) || is_comment)
        {
            action = cut;
            rest = rest.trim_start();
        }
        if !is_comment {
            out.push(Piece::Action(action.trim()));
        }
    }
    out.push(Piece::Text(rest));
    Ok(out)
}

fn comment_end(inside: &str) -> Option<usize> {
    let end = inside.find("*/")? + 2;
    Some(end + inside[end..].find("}}")?)
}

/// Where `}}` stands outside of quotes.
fn action_end(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let (mut at, mut quote) = (0, None);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (None, b @ (b'"' | b'`' | b'\'')) => quote = Some(b),
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            (Some(q), b) if b == q => quote = None,
            (Some(b'"' | b'\''), b'\\') => at += 1,
            _ => {}
        }
        at += 1;
    }
    None
}

enum End<'a> {
    Template,
    /// With what follows the word.
    Else(&'a str),
    Block,
}

struct Blocks<'p, 'a> {
    pieces: &'p [Piece<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Blocks<'_, 'a> {
    fn list(&mut self) -> Result<(Vec<Node>, End<'a>), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("blocks are nested deeper than {DEEPEST} levels"));
        }
        let mut nodes = Vec::new();
        let end = loop {
            let Some(piece) = self.pieces.get(self.at) else { break End::Template };
            self.at += 1;
            let action = match piece {
                Piece::Text(text) => {
                    if !text.is_empty() {
                        nodes.push(Node::Text((*text).to_owned()));
                    }
                    continue;
                }
                Piece::Action(action) => *action,
            };
            let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
            match word {
                "if" => nodes.push(self.condition(rest)?),
                "range" | "with" => {
                    let over = pipeline(rest)?;
                    let (body, otherwise) = self.body()?;
                    nodes.push(if word == "range" {
                        Node::Range(over, body, otherwise)
                    } else {
                        Node::With(over, body, otherwise)
                    });
                }
                "else" => break End::Else(rest.trim()),
                "end" => break End::Block,
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(format!("{{{{{word}}}}} is not understood here"));
                }
                _ => nodes.push(Node::Action(pipeline(action)?)),
            }
        };
        self.depth -= 1;
        Ok((nodes, end))
    }

    fn condition(&mut self, first: &str) -> Result<Node, String> {
        let mut cases = Vec::new();
        let mut condition = pipeline(first)?;
        loop {
            let (body, end) = self.list()?;
            cases.push((condition, body));
            match end {
                End::Block => return Ok(Node::If(cases, Vec::new())),
                End::Else("") => {
                    let (otherwise, end) = self.list()?;
                    expect_end(&end)?;
                    return Ok(Node::If(cases, otherwise));
                }
                End::Else(rest) => {
                    let rest = rest.strip_prefix("if").ok_or("{{else}} is followed by nothing or by if")?;
                    condition = pipeline(rest)?;
                }
                End::Template => return Err("unexpected end of the template inside {{if}}".into()),
            }
        }
    }

    fn body(&mut self) -> Result<(Vec<Node>, Vec<Node>), String> {
        let (body, end) = self.list()?;
        if let End::Else(_) = end {
            let (otherwise, end) = self.list()?;
            expect_end(&end)?;
            return Ok((body, otherwise));
        }
        expect_end(&end)?;
        Ok((body, Vec::new()))
    }
}

fn expect_end(end: &End<'_>) -> Result<(), String> {
    match end {
        End::Block => Ok(()),
        End::Else(_) => Err("unexpected {{else}}".into()),
        End::Template => Err("unexpected end of the template inside a block".into()),
    }
}

fn pipeline(text: &str) -> Result<Pipeline, String> {
    let mut reader = Words { rest: text.trim(), depth: 0 };
    let pipeline = reader.pipeline()?;
    if reader.rest.is_empty() {
        Ok(pipeline)
    } else {
        Err(format!("unexpected {:?} in a template", reader.rest))
    }
}

struct Words<'a> {
    rest: &'a str,
    depth: usize,
}

impl Words<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> String {
        let len = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(len);
        self.rest = rest;
        name.to_owned()
    }

    fn pipeline(&mut self) -> Result<Pipeline, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("parentheses are nested deeper than {DEEPEST} levels"));
        }
        let mut out = Pipeline::default();
        let before = self.rest;
        if !self.variables(&mut out) {
            self.rest = before;
            out.variables.clear();
        }
        loop {
            let mut command = Vec::new();
            while let Some(operand) = self.operand()? {
                command.push(operand);
            }
            if command.is_empty() {
                return Err("a command is missing in a template".into());
            }
            out.commands.push(command);
            if !self.eat("|") {
                self.depth -= 1;
                return Ok(out);
            }
        }
    }

    /// `$x :=`, `$x =` or `$i, $x :=`; false where something else stands.
    fn variables(&mut self, out: &mut Pipeline) -> bool {
        loop {
            if !self.eat("$") {
                return false;
            }
            let name = self.name();
            if name.is_empty() {
                return false;
            }
            out.variables.push(name);
            if self.eat(":=") {
                return true;
            }
            if self.eat("=") {
                out.is_assignment = true;
                return true;
            }
            if !self.eat(",") || out.variables.len() > 1 {
                return false;
            }
        }
    }

    fn fields(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            fields.push(self.name());
        }
        fields
    }

    fn operand(&mut self) -> Result<Option<Operand>, String> {
        self.blanks();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        Ok(Some(match first {
            '|' | ')' => return Ok(None),
            '(' => {
                self.rest = &self.rest[1..];
                let inner = self.pipeline()?;
                if !self.eat(")") {
                    return Err("a parenthesis is not closed in a template".into());
                }
                Operand::Nested(inner, self.fields())
            }
            '"' | '`' => Operand::Text(self.quoted(first)?),
            '.' => Operand::Field(self.fields().into_iter().filter(|f| !f.is_empty()).collect()),
            '$' => {
                self.rest = &self.rest[1..];
                let name = self.name();
                Operand::Variable(name, self.fields())
            }
            c if c.is_ascii_digit() || c == '-' || c == '+' => self.number()?,
            c if c.is_alphabetic() || c == '_' => match self.name().as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                name => Operand::Function(name.to_owned()),
            },
            c => return Err(format!("unexpected {c:?} in a template")),
        }))
    }

    fn number(&mut self) -> Result<Operand, String> {
        let len =
            self.rest.find(|c: char| c.is_whitespace() || c == '|' || c == ')').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(len);
        self.rest = rest;
        if let Ok(whole) = word.parse::<i64>() {
            return Ok(Operand::Whole(whole));
        }
        word.parse().map(Operand::Number).map_err(|_| format!("bad number syntax: {word:?}"))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(out);
                }
                '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some(c @ ('"' | '\\' | '\'')) => out.push(c),
                    _ => return Err("unknown escape in a quoted string".into()),
                },
                c => out.push(c),
            }
        }
        Err("unterminated quoted string".into())
    }
}
