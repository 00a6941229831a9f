use crate::lab::*;
use std::sync::Arc;
pub fn find(name:&str,_c:Option<&std::path::Path>)->Result<LabSource,LabErrors>{LabSource::load(std::path::Path::new(&format!("checks/{name}/lab.yaml")))}
pub fn select(lab:&Lab,only:&[String])->Result<Vec<Arc<Check>>,anyhow::Error>{Ok(lab.checks.iter().filter(|c|only.is_empty()||only.contains(&c.id)).cloned().map(Arc::new).collect())}
