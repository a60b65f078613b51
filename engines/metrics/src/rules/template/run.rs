//! Carrying out a template.

use std::collections::BTreeMap;

use super::Context;
use super::format::general;
use super::functions;
use super::parse::{Node, Operand, Pipeline};
use crate::labels::Labels;

/// Longest text a template may make.
const LONGEST: usize = 1 << 20;

/// What a part of a template comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Nil,
    Bool(bool),
    Number(f64),
    Whole(i64),
    Text(String),
    Labels(BTreeMap<String, String>),
    Sample(BTreeMap<String, String>, f64),
    Samples(Vec<(BTreeMap<String, String>, f64)>),
    /// What the dot is at the beginning.
    Root,
}

impl Value {
    /// As conditions see it: zero, nothing and empty things are false.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Number(v) => *v != 0.0,
            Self::Whole(v) => *v != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            Self::Sample(..) | Self::Root => true,
        }
    }

    pub fn text(&self) -> String {
        let pairs = |labels: &BTreeMap<String, String>| {
            labels.iter().map(|(n, v)| format!("{n}:{v}")).collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Nil => "<no value>".to_owned(),
            Self::Bool(b) => b.to_string(),
            Self::Number(v) => general(*v),
            Self::Whole(v) => v.to_string(),
            Self::Text(text) => text.clone(),
            Self::Labels(labels) => format!("map[{}]", pairs(labels)),
            Self::Sample(labels, v) => format!("map[{}] {}", pairs(labels), general(*v)),
            Self::Samples(samples) => {
                let all: Vec<String> =
                    samples.iter().map(|(l, v)| Self::Sample(l.clone(), *v).text()).collect();
                format!("[{}]", all.join(" "))
            }
            Self::Root => String::new(),
        }
    }
}

pub fn as_map(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

pub fn run(nodes: &[Node], context: &Context<'_>) -> Result<String, String> {
    let variables = vec![
        ("labels".to_owned(), Value::Labels(as_map(context.labels))),
        ("externalLabels".to_owned(), Value::Labels(context.external_labels.clone())),
        ("externalURL".to_owned(), Value::Text(String::new())),
        ("value".to_owned(), Value::Number(context.value)),
        (String::new(), Value::Root),
    ];
    let mut machine = Machine { context, variables, out: String::new() };
    machine.list(nodes, &Value::Root)?;
    Ok(machine.out)
}

struct Machine<'a> {
    context: &'a Context<'a>,
    /// The innermost last.
    variables: Vec<(String, Value)>,
    out: String,
}

impl Machine<'_> {
    /// Carries out a block; variables made inside end with it.
    fn list(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        let depth = self.variables.len();
        for node in nodes {
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Action(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.out.push_str(&value.text());
                    }
                }
                Node::If(cases, otherwise) => self.condition(cases, otherwise, dot)?,
                Node::With(pipeline, body, otherwise) => {
                    let depth = self.variables.len();
                    let value = self.pipeline(pipeline, dot)?;
                    if value.is_true() {
                        self.list(body, &value)?;
                    } else {
                        self.list(otherwise, dot)?;
                    }
                    self.variables.truncate(depth);
                }
                Node::Range(pipeline, body, otherwise) => self.range(pipeline, body, otherwise, dot)?,
            }
            if self.out.len() > LONGEST {
                return Err(format!("the text is longer than {LONGEST} bytes"));
            }
        }
        self.variables.truncate(depth);
        Ok(())
    }

    fn condition(
        &mut self,
        cases: &[(Pipeline, Vec<Node>)],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<(), String> {
        let depth = self.variables.len();
        for (condition, body) in cases {
            if self.pipeline(condition, dot)?.is_true() {
                self.list(body, dot)?;
                self.variables.truncate(depth);
                return Ok(());
            }
        }
        self.list(otherwise, dot)?;
        self.variables.truncate(depth);
        Ok(())
    }

    fn range(
        &mut self,
        pipeline: &Pipeline,
        body: &[Node],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<(), String> {
        let over = Pipeline { variables: Vec::new(), ..pipeline.clone() };
        let items: Vec<(Value, Value)> = match self.pipeline(&over, dot)? {
            Value::Samples(samples) => samples
                .into_iter()
                .enumerate()
                .map(|(i, (labels, v))| (Value::Whole(i as i64), Value::Sample(labels, v)))
                .collect(),
            Value::Labels(labels) => {
                labels.into_iter().map(|(n, v)| (Value::Text(n), Value::Text(v))).collect()
            }
            Value::Nil => Vec::new(),
            other => return Err(format!("range can't iterate over {}", other.text())),
        };
        if items.is_empty() {
            return self.list(otherwise, dot);
        }
        for (key, item) in items {
            let depth = self.variables.len();
            match pipeline.variables.as_slice() {
                [only] => self.variables.push((only.clone(), item.clone())),
                [first, second] => {
                    self.variables.push((first.clone(), key));
                    self.variables.push((second.clone(), item.clone()));
                }
                _ => {}
            }
            self.list(body, &item)?;
            self.variables.truncate(depth);
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, String> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value.take(), dot)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipeline.variables {
            if pipeline.is_assignment {
                let slot = self.variables.iter_mut().rev().find(|(n, _)| n == name);
                slot.ok_or_else(|| format!("undefined variable \"${name}\""))?.1 = value.clone();
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &[Operand], piped: Option<Value>, dot: &Value) -> Result<Value, String> {
        if let Operand::Function(name) = &command[0] {
            let mut arguments = Vec::with_capacity(command.len());
            for operand in &command[1..] {
                arguments.push(self.operand(operand, dot)?);
            }
            arguments.extend(piped);
            return functions::call(name, &arguments, self.context);
        }
        if command.len() > 1 || piped.is_some() {
            return Err("can't give argument to non-function".into());
        }
        self.operand(&command[0], dot)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        Ok(match operand {
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Number(v) => Value::Number(*v),
            Operand::Whole(v) => Value::Whole(*v),
            Operand::Bool(b) => Value::Bool(*b),
            Operand::Nil => Value::Nil,
            Operand::Field(fields) => self.fields(dot.clone(), fields)?,
            Operand::Variable(name, fields) => {
                let found = self.variables.iter().rev().find(|(n, _)| n == name);
                let value = found.ok_or_else(|| format!("undefined variable \"${name}\""))?.1.clone();
                self.fields(value, fields)?
            }
            Operand::Nested(pipeline, fields) => {
                let value = self.pipeline(pipeline, dot)?;
                self.fields(value, fields)?
            }
            Operand::Function(name) => functions::call(name, &[], self.context)?,
        })
    }

    fn fields(&self, mut value: Value, fields: &[String]) -> Result<Value, String> {
        for field in fields {
            value = match (&value, field.as_str()) {
                (Value::Root, "Labels") => Value::Labels(as_map(self.context.labels)),
                (Value::Root, "ExternalLabels") => Value::Labels(self.context.external_labels.clone()),
                (Value::Root, "ExternalURL") => Value::Text(String::new()),
                (Value::Root, "Value") => Value::Number(self.context.value),
                (Value::Sample(labels, _), "Labels") => Value::Labels(labels.clone()),
                (Value::Sample(_, v), "Value") => Value::Number(*v),
                (Value::Labels(labels), name) => Value::Text(labels.get(name).cloned().unwrap_or_default()),
                (_, name) => return Err(format!("can't evaluate field {name}")),
            };
        }
        Ok(value)
    }
}
