//! The mail program that wrote a message, as it names itself: a library or a script, or one in which people write.
//!
//! Promises: what a field claims, never a proof; a script that has no name here is none. Never touches: the body.

use crate::mail::head::Head;

/// How libraries, shops, forums and programs for mass mail name themselves, in lower case.
const SCRIPTS: &str = "actionmailer|activetrail|acymailing|agnitas|aspemail|aspmail|aspnetemail|atomic mail|awesome mailer|blat|\
     broadmail|cakephp|campaigner|cdonts|chilkat|cleverreach|codeigniter|colamail|constant contact|contactlab|\
     direct mail|dotmailer|drupal|dynamailer|easymail|episerver|freshmail|gammadyne mailer|getresponse|\
     groupmail|interspire|inxmail|javamail|jmail|joomla|klaviyo|laminas|laravel|mach5|magento|mail::mailer|\
     mail::sender|mailchimp|mailjet|mailpoet|mailup|massmail|maxbulk|mediawiki|microsoft cdo|mime::lite|\
     moodle|nagios|nodemailer|oempro|optivo|php/|phpbb|phplist|phpmailer|prestashop|quiksoft|rapidmail|\
     sendblaster|sendemail|sendpulse|sendy|shopware|smart_send|supermailer|swiftmailer|symfony|the bat! mass|\
     turbo-mailer|typo3|unisender|vbulletin|w3 jmail|woocommerce|wordpress|worldmerge|xt:commerce|zend\\mail|\
     zend_mail|zendesk mailer|zendmail";

/// How the programs name themselves in which people write, in lower case.
const PEOPLES: &str = "airmail|alpine|amazon workmail|apple mail|betterbird|claws mail|em client|evolution|fairemail|geary|\
     gnus|iphone mail|ipad mail|k-9 mail|kmail|mailbird|mailmate|microsoft outlook|microsoft-macoutlook|mutt|outlook-|\
     postbox|roundcube|seamonkey|sogo|squirrelmail|sylpheed|the bat!|thunderbird|zimbra";

/// Whether this value of X-Mailer or User-Agent names a library or a script that sends what a program wrote; no person's
/// mail program names itself so.
#[must_use]
pub fn is_script(name: &str) -> bool {
    let name = name.to_lowercase();
    // Only at the start: webmail names the library that it is built on behind its own name.
    name == "php" || SCRIPTS.split('|').any(|script| name.starts_with(script))
}

/// Whether somebody typed the message, as far as the header says: the program in which people write names itself, in
/// X-Mailer, in User-Agent, by the Message-ID of Gmail or Exchange, or by Outlook's Thread-Index; and none names a script.
#[must_use]
pub fn is_typed(head: &Head<'_>) -> bool {
    let names = names(head);
    let peoples = |name: &String| PEOPLES.split('|').any(|own| name.contains(own));
    let id = head.first("Message-ID").filter(|id| id.is_bounded()).map(|id| id.text().to_ascii_lowercase());
    let mailbox = id.is_some_and(|id| id.ends_with("@mail.gmail.com>") || id.ends_with(".prod.outlook.com>"));
    let found = mailbox || names.iter().any(peoples) || head.first("Thread-Index").is_some();
    found && !names.iter().any(|name| is_script(name))
}

/// Whether it was typed in Amazon WorkMail: such mail leaves by Amazon's service for programs, with the marks of that.
#[must_use]
pub fn is_workmail(head: &Head<'_>) -> bool {
    names(head).iter().any(|name| name == "amazon workmail")
}

/// How the program names itself, in lower case.
fn names(head: &Head<'_>) -> Vec<String> {
    let fields = ["X-Mailer", "User-Agent"].into_iter().flat_map(|name| head.all(name));
    fields.filter(|field| field.is_bounded()).map(|field| field.text().to_lowercase()).collect()
}
