# dovecot-gate.sieve: countersign as part of delivery by Dovecot (LMTP or LDA).   ->  ~/.dovecot.sieve
#
# On failure: deliver    (crash, time-out, full disk, missing program: into the folder Unchecked, not the inbox)
# Duplicates: possible   (when countersign had held the message and failed afterwards, it is in both places)
#
# Sieve cannot defer: there is no answer of a program that makes Dovecot tell the mail system "later". If you want
# that, let the mail system call countersign first, and Dovecot after it.
#
# In Dovecot's configuration:
#
#     plugin {
#       sieve_plugins = sieve_extprograms
#       sieve_extensions = +vnd.dovecot.execute
#       sieve_execute_bin_dir = /usr/local/lib/dovecot-sieve
#       sieve_execute_exec_timeout = 120s
#       sieve_execute_input_eol = lf
#     }
#
# and the file dovecot-gate-wrapper as /usr/local/lib/dovecot-sieve/countersign, executable. A time-out of Dovecot's
# must never be reached: Dovecot 2.3.19 then drops the connection instead of going on here.
#
# For all users at once, as with virtual users (mailcow, docker-mailserver, Mail-in-a-Box): the script as sieve_before, compiled
# with sievec, dovecot-global-wrapper in place of dovecot-gate-wrapper, and sieve_global_extensions in place of sieve_extensions:
# then users cannot start programs by scripts of their own. With the other wrapper, the mail of all who have not run "countersign
# init" would go to Unchecked. docs/install.md says what each of the three needs.

require ["vnd.dovecot.execute", "variables", "fileinto", "mailbox"];

set "answer" "";
if execute :pipe :output "answer" "countersign" {
    if string :is "${answer}" "taken" {
        # It lies in the quarantine, durably. Never use "pipe :try" for this: it drops the message when the program fails.
        discard;
        stop;
    }
}
if not string :is "${answer}" "pass" {
    fileinto :create "Unchecked";
    stop;
}
# What comes here passes. Put your own rules below; without any, it goes to the inbox.
