//! The firmware image: how it is built, and what it takes of the chip.
use anyhow::{Context, Result, bail, ensure};
use object::{
    Object, ObjectSection, ObjectSymbol, SectionFlags,
    elf::{SHF_ALLOC, SHT_NOBITS},
};
use std::{
    env, fs,
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const TARGET: &str = "thumbv7m-none-eabi";
/// Where the chip's memory begins; all below is flash.
const RAM_ORIGIN: u64 = 0x2000_0000;

/// An image, linked and measured.
#[derive(Debug)]
pub(crate) struct Image {
    /// The ELF file.
    pub(crate) path: PathBuf,
    /// Code, constants and initial values, in bytes.
    pub(crate) flash: u64,
    /// Static variables, in bytes.
    pub(crate) ram: u64,
    /// The addresses of the stack.
    pub(crate) stack: Range<u64>,
}

impl Image {
    /// Builds the image beside this crate, with these features.
    pub(crate) fn build(features: &str) -> Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .args(["build", "--quiet", "--package", "image", "--profile", "image", "--target", TARGET])
            .args(["--features", features])
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit())
            .output()
            .context("cargo does not start")?;
        if !output.status.success() {
            bail!("the image does not build; is the target there? `rustup target add {TARGET}`");
        }
        Self::measure(executable(&output.stdout)?)
    }

    /// Reads what an image takes off its sections.
    pub(crate) fn measure(path: PathBuf) -> Result<Self> {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let elf = object::File::parse(&*bytes)?;
        let (mut flash, mut ram) = (0, 0);
        for section in elf.sections() {
            let SectionFlags::Elf { sh_type, sh_flags } = section.flags() else { bail!("not an ELF file") };
            if !sh_flags.contains(SHF_ALLOC) {
                continue;
            }
            let lies_in_ram = section.address() >= RAM_ORIGIN;
            let is_zeroed = sh_type == SHT_NOBITS;
            // Initialised variables take both: their room in RAM, their initial values in flash.
            ram += if lies_in_ram { section.size() } else { 0 };
            flash += if lies_in_ram && is_zeroed { 0 } else { section.size() };
        }
        let address = |name| {
            let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name));
            symbol.map(|symbol| symbol.address()).with_context(|| format!("no symbol {name}"))
        };
        let allocator =
            elf.symbols().filter_map(|symbol| symbol.name().ok()).find(|name| name.contains("__rust_alloc"));
        ensure!(allocator.is_none(), "an allocator is linked in: {allocator:?}");
        Ok(Self { stack: address("_stack_end")?..address("_stack_start")?, path, flash, ram })
    }
}

/// What cargo says that it built.
fn executable(messages: &[u8]) -> Result<PathBuf> {
    let messages = serde_json::Deserializer::from_slice(messages).into_iter::<serde_json::Value>();
    let paths = messages.filter_map(|message| Some(PathBuf::from(message.ok()?.get("executable")?.as_str()?)));
    paths.last().context("cargo built no executable")
}
