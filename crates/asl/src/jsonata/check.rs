//! What an expression refers to, and what it must not.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::Available;

const STATES: [&str; 4] = ["input", "result", "errorOutput", "context"];

/// What an expression names, so that only that is made ready for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// Members of `$states`.
    pub(super) states: BTreeSet<&'static str>,
    /// Variables, those of the expression's own included.
    pub(super) variables: BTreeSet<String>,
    pub(super) functions: BTreeSet<String>,
}

/// Walks the expression; the error says what it must not refer to.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-jsonata-restrictions>
pub(super) fn uses(tree: &AstNode, available: Available) -> Result<Uses, String> {
    let mut walk = Walk { uses: Uses::default(), available };
    walk.node(tree, Place::Top)?;
    Ok(walk.uses)
}

/// Where a node stands: `$` and plain names mean the input document at the top, and the item at hand elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Nested,
}

struct Walk {
    uses: Uses,
    available: Available,
}

impl Walk {
    fn member_of_states(&mut self, name: &str) -> Result<(), String> {
        let Some(known) = STATES.into_iter().find(|known| *known == name) else {
            return Err(format!("`$states.{name}` does not exist; there are {}", STATES.join(", ")));
        };
        if (known == "result" && !self.available.result)
            || (known == "errorOutput" && !self.available.error_output)
        {
            return Err(format!("`$states.{name}` is not available in this field"));
        }
        self.uses.states.insert(known);
        Ok(())
    }

    /// `$states` as a whole has what is available.
    fn whole_states(&mut self) {
        self.uses.states.extend(["input", "context"]);
        if self.available.result {
            self.uses.states.insert("result");
        }
        if self.available.error_output {
            self.uses.states.insert("errorOutput");
        }
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n AstNode>, place: Place) -> Result<(), String> {
        nodes.into_iter().try_for_each(|node| self.node(node, place))
    }

    fn pairs(&mut self, pairs: &[(AstNode, AstNode)], place: Place) -> Result<(), String> {
        pairs.iter().try_for_each(|(key, value)| self.all([key, value], place))
    }

    fn path(&mut self, steps: &[PathStep], place: Place) -> Result<(), String> {
        for (at, step) in steps.iter().enumerate() {
            let is_states = at == 0 && matches!(&step.node, AstNode::Variable(name) if name == "states");
            match (is_states, steps.get(1).map(|next| &next.node)) {
                (true, Some(AstNode::Name(member) | AstNode::String(member))) => {
                    self.member_of_states(member)?;
                }
                _ => self.node(&step.node, if at == 0 { place } else { Place::Nested })?,
            }
            for stage in &step.stages {
                if let Stage::Filter(filter) = stage {
                    self.node(filter, Place::Nested)?;
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &AstNode, place: Place) -> Result<(), String> {
        match node {
            AstNode::Name(name) if place == Place::Top => Err(format!(
                "`{name}` refers to an input document, which there is none; name `$states.input` or a variable"
            )),
            AstNode::Wildcard | AstNode::Descendant if place == Place::Top => {
                Err("there is no input document to search; name `$states.input` or a variable".to_owned())
            }
            AstNode::Variable(name) if name.is_empty() && place == Place::Top => Err(
                "`$` refers to an input document, which there is none; name `$states.input` or a variable"
                    .to_owned(),
            ),
            AstNode::Variable(name) if name == "$" => {
                Err("`$$` refers to an input document, which there is none; name `$states.input`".to_owned())
            }
            AstNode::ParentVariable(_) => {
                Err("`$$` refers to an input document, which there is none; name `$states.input`".to_owned())
            }
            AstNode::Variable(name) if name == "states" => {
                self.whole_states();
                Ok(())
            }
            AstNode::Variable(name) => {
                // A function may be passed by its name.
                self.uses.functions.insert(name.clone());
                self.uses.variables.insert(name.clone());
                Ok(())
            }
            AstNode::Function { name, .. } if name == "eval" => {
                Err("`$eval` is not available; `$parse` reads JSON".to_owned())
            }
            AstNode::Function { name, args, .. } => {
                self.uses.functions.insert(name.clone());
                self.uses.variables.insert(name.clone());
                self.all(args, place)
            }
            AstNode::Path { steps } => self.path(steps, place),
            AstNode::Binary { lhs, rhs, .. } => self.all([lhs.as_ref(), rhs.as_ref()], place),
            AstNode::Unary { operand, .. } => self.node(operand, place),
            AstNode::Call { procedure, args } => {
                self.node(procedure, place)?;
                self.all(args, place)
            }
            AstNode::Lambda { body, .. } | AstNode::FunctionApplication(body) => {
                self.node(body, Place::Nested)
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
                self.all(items, place)
            }
            AstNode::Object(pairs) => self.pairs(pairs, place),
            AstNode::ObjectTransform { input, pattern } => {
                self.node(input, place)?;
                self.pairs(pattern, Place::Nested)
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.all([condition.as_ref(), then_branch.as_ref()], place)?;
                self.all(else_branch.as_deref(), place)
            }
            AstNode::Sort { input, terms } => {
                self.node(input, place)?;
                self.all(terms.iter().map(|(term, _)| term), Place::Nested)
            }
            AstNode::Transform { location, update, delete } => {
                self.all([location.as_ref(), update.as_ref()], Place::Nested)?;
                self.all(delete.as_deref(), Place::Nested)
            }
            AstNode::String(_)
            | AstNode::Name(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_) => Ok(()),
        }
    }
}
