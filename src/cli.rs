//! The command line: names, flags and help texts, and nothing that acts.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

/// Whom `deny` takes beyond what `allow` does.
const DENY_WHO: &str = "name@example.org, @example.org, @*.example.org (its subdomains) or list:list-id.example.org, or, for \
    their senders, the numbers of held messages or their first digits; - reads people from standard input, one a line";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about = "Holds mail from strangers, asks proven senders once, and loses none",
    long_about = "Holds mail from strangers, asks proven senders once, and loses none.\n\n\
        A mail system runs it once per message (deliver, gate or filter). Mail from people you know passes; the \
        rest is held in a Maildir folder. A sender whose address is proven for that very message is asked once to \
        reply; the reply releases what was held and allows the sender from then on. A digest lists what is held.",
    after_help = "Begin with: countersign init --address you@example.org\n\
        See a whole conversation without touching anything: countersign demo\n\
        What each reason means: countersign help reasons",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// Read this configuration instead of ~/.config/countersign/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order of a mailbox's life.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make keys, configuration, store and quarantine, and print the lines for your mail system
    Init(InitArguments),
    /// Take one message on standard input and store it: inbox or quarantine (0 stored, 75 later)
    Deliver(MessageArguments),
    /// Take one message on standard input or let it pass (0 taken, 99 pass, 75 later)
    Gate(GateArguments),
    /// Mark one message: standard input to standard output with a verdict field; nothing is stored or sent
    Filter(MessageArguments),
    /// Say what would be done with one message, and why; nothing is changed
    Explain(ExplainArguments),
    /// Say what would have been done with old mail: mbox files, Maildirs, folders, messages; nothing is changed
    Replay(ReplayArguments),
    /// Send a message with the mail system's sendmail, and know from then on whom you write to
    Sendmail(SendmailArguments),
    /// List what is held
    Held(HeldArguments),
    /// Show one message that is held or lies in the trash, made fit for a terminal
    Show(ShowArguments),
    /// Move held messages into the inbox
    Release(ReleaseArguments),
    /// Throw held messages away; for three days they lie in the trash
    Discard(DiscardArguments),
    /// Bring back what was thrown away, as long as it lies in the trash
    Undiscard(SelectArguments),
    /// Ask the sender of a held message now, if the address is proven
    Challenge(ChallengeArguments),
    /// Let mail of an address, @domain or list:ID pass
    Allow(AllowArguments),
    /// Hold all mail of an address, @domain or list:ID, or of the sender of a held message, by its ID
    #[command(mut_arg("who", |who| who.help(DENY_WHO)))]
    Deny(EntryArguments),
    /// Remove an address, @domain or list:ID from the list, or all that one source brought
    Forget(ForgetArguments),
    /// Learn whom you know from your sent mail, address books, received mail and other programs' lists
    Learn(LearnArguments),
    /// Say whether an address, @domain or list:ID is on the list
    Check(CheckArguments),
    /// Say what became of a message, by its Message-ID, its held ID or its sender
    Why(WhyArguments),
    /// Write the list of what is newly held into your inbox (for cron)
    Digest(DigestArguments),
    /// Expire old mail, end what lay in the trash for its days, repair what a crash left, send what was refused once more (for cron)
    Maintain(MaintainArguments),
    /// Print a signed address of yours
    Address(AddressArguments),
    /// Make, rotate and back up keys
    Keys(KeysArguments),
    /// Check the whole set-up and say what to mend
    Doctor(DoctorArguments),
    /// Play a whole conversation in a scratch folder; nothing of yours is touched
    Demo,
    /// Say what a command does and takes, or, with `help reasons`, what each reason means
    Help(HelpArguments),
}

/// The command line of one command alone, for those that run once per message: making ready all the others costs a
/// tenth of a whole run (measured).
#[derive(Debug, Parser)]
pub struct Line<T: Args> {
    /// Read this configuration.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What belongs to the command.
    #[command(flatten)]
    pub arguments: T,
}

/// How the program is made ready.
#[derive(Args, Debug, Default)]
pub struct InitArguments {
    /// Your address; give it again for further ones, the first is the one on challenges
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<String>,
    /// Your inbox, a Maildir; left out, what your mail rules, your mail and the mail system say
    #[arg(long, value_name = "FOLDER")]
    pub maildir: Option<PathBuf>,
    /// Your inbox, an mbox: one file, such as /var/mail/you
    #[arg(long, value_name = "FILE", conflicts_with = "maildir")]
    pub mbox: Option<PathBuf>,
    /// The program that sends mail
    #[arg(long, value_name = "FILE")]
    pub sendmail: Option<PathBuf>,
    /// The first word of the Authentication-Results fields that your own mail system writes
    #[arg(long, value_name = "ID")]
    pub authserv_id: Vec<String>,
    /// When signatures are checked here, by DNS: off, where-silent (your mail system says nothing of them) or always; by
    /// default where-silent if no --authserv-id is given and recent mail shows no such server
    #[arg(long, value_name = "WHEN")]
    pub look: Option<String>,
    /// The character that your mail system splits user+anything@ at; "" for none
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
    /// Print the lines for every program that may deliver mail, not only for the one that the mail system names
    #[arg(long)]
    pub all_recipes: bool,
    /// Learn at once from what is seen (sent mail, address books, other programs' lists, received mail), without a question
    #[arg(long)]
    pub learn: bool,
    /// Offer nothing to learn from, and look at no old mail
    #[arg(long, conflicts_with = "learn")]
    pub no_learn: bool,
}

/// What the caller knows about one message.
#[derive(Args, Debug, Default)]
pub struct MessageArguments {
    /// The envelope sender, if the mail system says it nowhere else
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = any_bytes())]
    pub sender: Option<String>,
    /// The address it was delivered for
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = any_bytes())]
    pub recipient: Option<String>,
    /// What stood behind the delimiter in that address
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = any_bytes())]
    pub extension: Option<String>,
}

/// A word that a sender may have chosen: what is not UTF-8 becomes U+FFFD. An error would come again with every
/// attempt of the mail system until the mail bounces.
fn any_bytes() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|word| word.to_string_lossy().into_owned())
}

/// How `gate` answers.
#[derive(Args, Debug, Default)]
pub struct GateArguments {
    /// Answer by a word on standard output, `taken` or `pass`, and 0 (for Sieve)
    #[arg(long)]
    pub word: bool,
    /// What the caller knows.
    #[command(flatten)]
    pub message: MessageArguments,
}

/// What `explain` reads and writes.
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// Write JSON, one line, with all that -v says
    #[arg(long)]
    pub json: bool,
    /// Say everything: all facts, the rules that did not match, all that own eyes saw, and the challenge as it would go out
    #[arg(short, long)]
    pub verbose: bool,
    /// Take the message as proven, written to you and from a stranger, so that it alone decides
    #[arg(long)]
    pub assume_first_contact: bool,
    /// Check signatures, SPF and DMARC by DNS, whatever [eyes] in the configuration says
    #[arg(long)]
    pub look: bool,
    /// With --look: when it arrived, in seconds since 1970; without it, now
    #[arg(long, value_name = "SECONDS", requires = "look", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(0..))]
    pub arrival: Option<i64>,
    /// With --look: the address of the host that handed it in, for SPF; without it, that of the Received field of your host
    #[arg(long, value_name = "IP", requires = "look")]
    pub client: Option<String>,
    /// With --client: what that host called itself
    #[arg(long, value_name = "NAME", requires = "client")]
    pub helo: Option<String>,
    /// With --look: the resolver to ask, such as 127.0.0.1:5353; without it, that of the configuration or of the system
    #[arg(long, value_name = "ADDRESS", requires = "look")]
    pub dns: Vec<String>,
    /// What the caller would know.
    #[command(flatten)]
    pub message: MessageArguments,
    /// The message; standard input without it
    pub file: Option<PathBuf>,
}

/// What `replay` reads and writes.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "Reads mbox and MMDF files, Maildirs with their folders, single messages, also of Apple Mail (.emlx), and \
    folders of all these, plain or compressed with gzip, bzip2, xz or zstd. Ends with 1 if there was no message at all."
)]
pub struct ReplayArguments {
    /// Write JSON, one line a message, and the summary to standard error
    #[arg(long)]
    pub json: bool,
    /// Take every message as proven, written to you and from a stranger, so that it alone decides; no limits
    #[arg(long)]
    pub assume_first_contact: bool,
    /// In the order of dates: whom you wrote to (have your sent mail among PATH) is known from then on; week by week
    #[arg(long, conflicts_with = "assume_first_contact")]
    pub learn: bool,
    /// Count only what came since this day (2026-11-28), or in the last days (30d) or hours (12h); with --learn, older mail that
    /// you sent teaches all the same
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Judge by the default configuration for this address, without list and keys: nothing needs to be installed.
    /// Give it again for further addresses of yours
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<String>,
    /// With --address: the first word of the Authentication-Results fields that your own mail system writes
    #[arg(long, value_name = "ID", requires = "address")]
    pub authserv_id: Vec<String>,
    /// With --address: how many Received fields on top of a message are your own servers' (usually 1; Google's: 2)
    #[arg(long, value_name = "NUMBER", requires = "address")]
    pub hops: Option<u8>,
    /// With --address: the character that your mail system splits user+anything@ at
    #[arg(long, value_name = "CHARACTER", requires = "address")]
    pub delimiter: Option<String>,
    /// Check signatures by DNS, with the time of each message's arrival, where that would change what becomes of it, whatever
    /// [eyes] in the configuration says. Keys are changed after months: of old mail it says how many are gone
    #[arg(long, conflicts_with = "assume_first_contact")]
    pub look: bool,
    /// With --look: for how many seconds the DNS is asked in all, 1 to 600; without it, 120
    #[arg(long, value_name = "SECONDS", requires = "look", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub budget: Option<u16>,
    /// With --look: the resolver to ask, such as 127.0.0.1:5353; without it, that of the configuration or of the system
    #[arg(long, value_name = "ADDRESS", requires = "look")]
    pub dns: Vec<String>,
    /// Where the mail is; - reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// What `sendmail` hands on.
#[derive(Args, Debug, Default)]
#[command(
    override_usage = "countersign [--config FILE] sendmail [SENDMAIL'S OWN ARGUMENTS]",
    after_help = "For mutt: set sendmail = \"countersign sendmail -oi -oem\". A link of the name sendmail that leads here does \
    the same.\n\nThe message goes out as it is, but for a Message-ID where there is none; the exit is sendmail's own. Whom it \
    goes to, its Message-ID and its Subject are noted, as keyed hashes, only when sendmail has taken it. Calls that send \
    nothing, and options that are not known here, are sendmail's alone."
)]
pub struct SendmailArguments {
    /// As your mail program calls sendmail
    #[arg(value_name = "SENDMAIL'S OWN ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

/// A call of `sendmail` that is read no further: its arguments are another program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendmailLine<'a> {
    /// `--config`, directly before the command.
    pub config: Option<&'a Path>,
    /// What belongs to sendmail.
    pub arguments: &'a [OsString],
}

impl SendmailLine<'_> {
    /// Whether a command line, with its program's name, is one: by the command, or by that name.
    #[must_use]
    pub fn read(line: &[OsString]) -> Option<SendmailLine<'_>> {
        let (name, words) = line.split_first()?;
        if Path::new(name).file_name() == Some(OsStr::new("sendmail")) {
            return Some(SendmailLine { config: None, arguments: words });
        }
        let (config, words) = match words {
            [option, file, rest @ ..] if option == "--config" => (Some(file.as_os_str()), rest),
            [first, rest @ ..] => match first.to_str().and_then(|word| word.strip_prefix("--config=")) {
                Some(file) => (Some(OsStr::new(file)), rest),
                None => (None, words),
            },
            [] => return None,
        };
        let (command, arguments) = words.split_first()?;
        // Who types that wants to read about this command, not about another program.
        let asks = arguments == ["--help"];
        (command == "sendmail" && !asks).then(|| SendmailLine { config: config.map(Path::new), arguments })
    }
}

/// Which held messages are meant.
#[derive(Args, Debug, Default)]
pub struct SelectArguments {
    /// The numbers of messages, as `held` and the digest show them; of each the first digits will do, where no other begins so
    pub ids: Vec<String>,
    /// Those whose sender or subject holds this text, in any case
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// Those held for this reason
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Those of the last days (3d) or hours (12h)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

/// What `held` shows.
#[derive(Args, Debug)]
pub struct HeldArguments {
    /// Write JSON, one line a message
    #[arg(long)]
    pub json: bool,
    /// List what was thrown away and lies in the trash
    #[arg(long)]
    pub trash: bool,
    /// Which.
    #[command(flatten)]
    pub select: SelectArguments,
}

/// What `show` shows.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// The number of the message, or its first digits
    pub id: String,
    /// Write the stored bytes as they are
    #[arg(long)]
    pub raw: bool,
}

/// What `release` does.
#[derive(Args, Debug)]
pub struct ReleaseArguments {
    /// Allow the sender from now on, pinned to what was proven, and release all mail of that sender with the same proof
    #[arg(long)]
    pub allow: bool,
    /// Which.
    #[command(flatten)]
    pub select: SelectArguments,
}

/// What `discard` throws away.
#[derive(Args, Debug)]
pub struct DiscardArguments {
    /// Throw away without a question
    #[arg(short, long)]
    pub yes: bool,
    /// Which.
    #[command(flatten)]
    pub select: SelectArguments,
}

/// Whom `challenge` asks.
#[derive(Args, Debug)]
pub struct ChallengeArguments {
    /// The number of the message, or its first digits
    pub id: String,
}

/// Whom `allow` lets pass, and how.
#[derive(Args, Debug, Default)]
pub struct AllowArguments {
    /// Never ask for proof: whatever merely claims to be from them passes. Without it an entry that asks for proof goes on
    /// asking
    #[arg(long)]
    pub any: bool,
    /// Release what is held from them too, as far as it would pass now
    #[arg(long, conflicts_with = "file")]
    pub release: bool,
    /// Whom.
    #[command(flatten)]
    pub entries: EntryArguments,
}

/// Entries of the list.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "In a file and on standard input each line names one; empty lines and lines that begin with # are passed \
    over. A line that cannot be read stops everything, and nothing is changed. Many are written in slices of 5,000, so that \
    mail can be handled meanwhile; if it is interrupted, run it again."
)]
pub struct EntryArguments {
    /// name@example.org, @example.org, @*.example.org (its subdomains) or list:list-id.example.org; - reads them from standard input, one a line
    #[arg(required_unless_present = "file", value_name = "WHO")]
    pub who: Vec<String>,
    /// Read them from this file, one a line; give it again for further files
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
}

/// Whom `forget` takes off the list.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "countersign forget --source learned --since 2026-11-28 takes off the list whom the program learned of since \
    that day; the next countersign learn reads all files again. Answers to what you sent pass as before, known by its Message-ID: \
    countersign deny ends that."
)]
pub struct ForgetArguments {
    /// name@example.org, @example.org, @*.example.org (its subdomains) or list:list-id.example.org; - reads them from standard input, one a line
    #[arg(required_unless_present_any = ["file", "source"], value_name = "WHO")]
    pub who: Vec<String>,
    /// Read them from this file, one a line; give it again for further files
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// All that came from there: learned, or one of sent, replied, contact, imported, proposed, subscribed, confirmed, released,
    /// manual, any (as `check` says)
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["who", "file"])]
    pub source: Option<String>,
    /// With --source: only what was added since this day (2026-11-28), or in the last days (3d) or hours (12h)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// With --source: say how many that would be, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What `learn` reads.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "Everybody you wrote to may write back, and an answer to what you sent is known by its Message-ID, from \
    whatever address it comes. What programs sent in your name teaches nothing, nor does mail that is not from an address \
    of yours (owner.address and owner.others in the configuration). Nobody who is denied is allowed again.\n\n\
    For cron: countersign learn --sent ~/Maildir/.Sent >/dev/null\n\
    A second run reads only what is new or changed. Undo it: countersign forget --source learned --since 2026-11-28"
)]
pub struct LearnArguments {
    /// Mail that you sent: Maildirs with their folders, mbox files, folders of them; - reads one copy that a mail system hands
    /// over, with your signed address (countersign address sent) in RECIPIENT
    #[arg(long, value_name = "FOLDER", num_args = 1..)]
    pub sent: Vec<PathBuf>,
    /// Address books: vCard and folders of them, LDIF, CSV, the ones of mutt, pine and abook, addresses one a line; - reads
    /// standard input, such as what notmuch address prints
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub addressbook: Vec<PathBuf>,
    /// The lists of another program: tmda, ask, boxtrapper, postconfirm or qconfirm
    #[arg(long, value_name = "PROGRAM", requires = "files")]
    pub from: Option<String>,
    /// With --from: its lists
    #[arg(value_name = "LIST", requires = "from")]
    pub files: Vec<PathBuf>,
    /// With --from: those on the lists are denied, whatever the lists are called, where their lines do not say otherwise
    #[arg(long, requires = "from")]
    pub denied: bool,
    /// Mail that you received: proposes mailing lists that write to you and people whom you answered
    #[arg(long, value_name = "FOLDER", num_args = 1..)]
    pub inbox: Vec<PathBuf>,
    /// With --inbox: take what it proposes
    #[arg(long, requires = "inbox")]
    pub yes: bool,
    /// Say what would be learned, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What `check` looks up.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Write JSON, one line
    #[arg(long)]
    pub json: bool,
    /// name@example.org, @example.org, @*.example.org (its subdomains) or list:list-id.example.org
    #[arg(value_name = "WHO", allow_hyphen_values = true)]
    pub who: String,
}

/// What `why` looks up.
#[derive(Args, Debug)]
pub struct WhyArguments {
    /// Write JSON, one line a row
    #[arg(long)]
    pub json: bool,
    /// A Message-ID, the number of a held message or its first digits, or an address
    #[arg(allow_hyphen_values = true)]
    pub what: String,
}

/// Where the digest goes.
#[derive(Args, Debug, Default)]
pub struct DigestArguments {
    /// Write it to standard output and mark nothing as listed
    #[arg(long)]
    pub stdout: bool,
    /// Write one even when nothing is new
    #[arg(long)]
    pub always: bool,
}

/// What `maintain` does.
#[derive(Args, Debug, Default)]
pub struct MaintainArguments {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Make a new store from what the messages in quarantine and trash say about themselves
    #[arg(long)]
    pub rebuild: bool,
    /// Go by the clock from now on, though it is not where it was expected; nothing expires in this run
    #[arg(long, conflicts_with = "rebuild")]
    pub clock_is_right: bool,
}

/// Which signed address is meant.
#[derive(Args, Debug)]
pub struct AddressArguments {
    /// Which.
    #[command(subcommand)]
    pub action: AddressAction,
}

/// The signed addresses.
#[derive(Debug, Subcommand)]
pub enum AddressAction {
    /// Where your mail system or mail program sends a copy of each mail that you write: whom it goes to is known from then on
    #[command(
        after_help = "A copy teaches only if the mail system's own Received field shows that you handed the mail in on \
        this host or had authenticated; it is then not delivered. Anything else that comes to that address is treated as \
        any mail. How Postfix, Exim, OpenSMTPD and mutt send such copies: procmail-examples/README.md."
    )]
    Sent,
}

/// What is done about keys.
#[derive(Args, Debug)]
pub struct KeysArguments {
    /// What.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// The actions of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Make the key file; an existing one is left alone
    New,
    /// Add a new key beside the old ones, which stay valid
    Rotate {
        /// Which: `token` or `list`
        #[arg(value_parser = ["token", "list"])]
        purpose: String,
    },
    /// Write all keys to standard output, for the backup without which the list is dead
    Export,
    /// Read keys from standard input and add what is missing
    Import,
}

/// What `help` is about.
#[derive(Args, Debug, Default)]
pub struct HelpArguments {
    /// With `reasons`: write JSON, one line a reason
    #[arg(long)]
    pub json: bool,
    /// A command, or reasons: what each reason means for which a message passed or was held
    #[arg(value_name = "COMMAND")]
    pub topic: Vec<String>,
}

/// How `doctor` answers.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "It ends with 0 when mail can be handled, with warnings or without, and with 78 when something \
    is wrong."
)]
pub struct DoctorArguments {
    /// Write JSON, one line a check
    #[arg(long)]
    pub json: bool,
    /// Ask the DNS whether challenges will be taken: your mail server's name, its SPF, your domain's SPF and DMARC policy, and
    /// whether they are signed. Without it nothing is asked
    #[arg(long)]
    pub dns: bool,
    /// Send yourself messages with forged proofs of origin and one to a sub-address, and see what arrives, is believed and is
    /// signed
    #[arg(long)]
    pub send_probe: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_sendmail_is_known_by_the_command_and_by_the_name() {
        for (line, wanted) in [
            ("countersign sendmail -t", Some((None, "-t"))),
            ("countersign sendmail", Some((None, ""))),
            ("countersign --config /c sendmail -oi -- bob@x.org", Some((Some("/c"), "-oi -- bob@x.org"))),
            ("countersign --config=/c sendmail deliver gate", Some((Some("/c"), "deliver gate"))),
            ("/usr/sbin/sendmail --config /c -t", Some((None, "--config /c -t"))),
            ("sendmail sendmail", Some((None, "sendmail"))),
            ("sendmail --help", Some((None, "--help"))),
            ("countersign sendmail --help", None),
            ("countersign deliver --recipient sendmail", None),
            ("countersign --bad sendmail", None),
            ("countersign --config sendmail", None),
            ("countersign --config sendmail deliver", None),
            ("countersign help sendmail", None),
            ("countersign", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let read = SendmailLine::read(&words);
            let read = read.map(|read| (read.config.map(Path::to_owned), read.arguments.join(OsStr::new(" "))));
            let wanted = wanted.map(|(config, arguments)| (config.map(PathBuf::from), OsString::from(arguments)));
            assert_eq!(read, wanted, "{line}");
        }
    }
}
