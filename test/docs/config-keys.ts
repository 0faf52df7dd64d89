/** What each key of cutter.yaml means; `<name>` stands for a name that the user chooses. A test compares with the schema. */
export const CONFIG_MEANINGS: { [path: string]: string } = {
  targets: 'Databases other than `embedded`, by a name that you choose.',
  'targets.<name>.readerUrlEnv':
    'Variable with the URL of a role that only reads. For cuts `cutter_reader`, together with executor and verifier. For migrations the login that asks checks; optional.',
  'targets.<name>.executorUrlEnv': 'Variable with the URL of `cutter_executor`.',
  'targets.<name>.verifierUrlEnv': 'Variable with the URL of `cutter_verifier`.',
  'targets.<name>.ownerUrlEnv': 'Variable with the URL of the owner. For `cutter target init` only.',
  'targets.<name>.migratorUrlEnv': 'Variable with the URL of the role that migrates. For migrations.',
  'targets.<name>.rehearsalUrlEnv':
    'Variable with the URL of a login with `CREATEROLE` and `CREATEDB`, or of a superuser, of the server on which migrations are rehearsed. Without it: a server that Cutter makes for each rehearsal.',
  'targets.<name>.snapshotUrlEnv':
    'Accepts a snapshot of the provider as the backup of migrations. Variable with the URL of an instance restored from it, by the login of the role that migrates.',
  'targets.<name>.grantMatrixDigest':
    'Expected digest of the grants, as `sha256:<64 hex digits>`. Without it: the digest of Cutter’s own SQL.',
  hosts: 'Hosts of deploys, by a name that you choose.',
  'hosts.<name>.ssh': 'Alias that `ssh` knows, or a host name.',
  'hosts.<name>.rehearseRollback':
    'Whether a deploy may rehearse its rollback on this host before the plan. It writes to the staging folder.',
  documents: 'Documents of cuts, by their id.',
  'documents.<name>.source': 'File of the document.',
  'documents.<name>.profile': 'Profile by which it is read. Without it: detected.',
  profiles: 'Profiles of your own.',
  'profiles.<name>': 'YAML file of the profile.',
  repositories: 'Git repositories from which deploys get their source, by a name that you choose.',
  'repositories.<name>.url':
    'URL over HTTPS or SSH, without a secret. SSH goes by the settings and keys of the user who runs Cutter.',
  machines: 'Machines of your own.',
  'machines.<name>': 'Module of the machine, TypeScript or JavaScript.',
  store: 'Keeps runs in PostgreSQL instead of `var/cutter.db`.',
  'store.url': 'The login of the service, which can append to history and not edit it.',
  'store.url.env': 'Variable with its URL.',
  'store.owner': 'The login that owns the tables. Needed for the first command and after an upgrade.',
  'store.owner.env': 'Variable with its URL. Unset it afterwards.',
  'store.commits':
    '`replicated`: live runs need a standby that has each commit before it counts. `local`: a failover may lose commits, an approval’s use among them.',
  allowUploadedMachines:
    'Whether an admin may send the module of a machine through the service (`machine: upload:<sha256>`). Its code has all rights of the service: it reads URLs, keys and the store. So each admin token is then as good as a shell of the service’s user. With `approvals.strict: owner` it is refused all the same. For what waits already, it counts after a restart.',
  inputs:
    'Folders below which callers of the service may name files. Without it: none, so they upload what they need.',
  evidence: 'Who outside of this instance proves when something existed. Nobody, unless it is set.',
  'evidence.timestamp': 'A time-stamping authority of RFC 3161.',
  'evidence.timestamp.url': 'Its URL. It gets digests of signatures.',
  'evidence.log': 'The log of this instance’s closeouts, and its witnesses.',
  'evidence.log.origin':
    'The name of the log, such as `cutter.example.org/main`. Witnesses know the log by it.',
  'evidence.log.witnesses': 'C2SP witnesses that cosign the log.',
  'evidence.log.witnesses[].url': 'Submission prefix of the witness.',
  'evidence.log.witnesses[].key': 'Its key, as `<name>+<id>+<base64>`; Ed25519 only.',
  approvals: 'Who may approve.',
  'approvals.allowedSigners': 'File of allowed signers, in OpenSSH’s format.',
  'approvals.revokedKeys': 'File of revoked keys. Once named it must exist.',
  'approvals.strict':
    '`modes`: a live run refuses when other users could write the files that decide. `owner`: also when the process itself could; and commands load only modules under `machines`, write only below `output`, and restore only stores of root.',
  'approvals.resume':
    '`automatic`: `cutter serve` applies an approval that counts, and the run continues. `by-command`: somebody resumes it.',
  'approvals.policy': 'Policy by gate, such as `cut.SG1`.',
  'approvals.policy.<name>.of':
    'The only principals whose approvals count. Without it: everyone in `allowed_signers` with the namespace of the gate.',
  'approvals.policy.<name>.of[]': 'A principal, as in `allowed_signers`.',
  'approvals.policy.<name>.need': 'How many people must approve a live run. Without it: 1.',
  'approvals.policy.<name>.fourEyes':
    'Whether an approval of someone who operates the run is refused. Without it: true.',
  'approvals.policy.<name>.validHours':
    'Longest time that an approval counts, in hours. Without it: 24 at SG1, 12 at every other gate.',
  'approvals.policy.<name>.presence':
    'Whether an approval must show that somebody touched the key. Without it: `required` of security keys (`sk-…`), and not asked of others. `required`: of every key, so only security keys can approve. `preferred`: not asked.',
  'approvals.policy.<name>.verification':
    'Whether an approval must show that the key checked a PIN or fingerprint. `required`: of every key, so only security keys can approve. Without it: `preferred`, not asked.',
  'approvals.policy.<name>.origins':
    'The web origins whose pages may ask passkeys for signatures. Without it: none, so no passkey in a browser can approve.',
  'approvals.policy.<name>.origins[]':
    'An origin, such as `https://cutter.example.org`, or `http://localhost:7433`.',
  'approvals.policy.<name>.rpIds':
    'The RP ids for which those passkeys may be registered. Without it: that of every key in `allowed_signers`.',
  'approvals.policy.<name>.rpIds[]': 'A host name, such as `cutter.example.org`.',
  output:
    'With `strict: owner`: the folder below which commands write (`--out`, `--into`, `migrate new`, `migrate propose`). Without it they write to stdout only.',
  operators:
    'Labels of operators and the user id of each. Without it `--by` is the operator’s own claim. Callers of the service have the name of their token.',
  'operators.<name>': '`uid:` and the user id, such as `uid:1001`.',
  tools:
    'Programs that Cutter runs, where they are not in the folders that it trusts (`cutter doctor` lists both). `PATH` never counts.',
  'tools.sshKeygen': 'Absolute path of `ssh-keygen`, which makes and checks signatures.',
  'tools.ssh': 'Absolute path of `ssh`, which reads the settings of hosts.',
  'tools.git': 'Absolute path of `git`.',
  'tools.openssl': 'Absolute path of `openssl`, which asks for time tokens and checks them.',
  'tools.squawk': 'Absolute path of `squawk`.',
  'tools.pgDump':
    'Absolute path of `pg_dump`; or a command, such as `[docker, exec, -i, db, pg_dump]`, whose first word is an absolute path or a name in a trusted folder; or one of both for each major version of the server, such as `"16"`.',
  'tools.pgRestore': 'The same for `pg_restore`.',
  embedded: 'The embedded PostgreSQL.',
  'embedded.user':
    'OS user that runs its servers where root runs Cutter. Without it: `postgres`, else `nobody`. Cutter creates no user.',
  execution: 'Live runs.',
  'execution.allowLive': 'Whether live runs are allowed here at all.',
  backups: 'Backups of migrations.',
  'backups.jobs':
    'How many processes dump and restore at once, each with a connection of its own. Without it: as many as this machine has cores, up to 4, and one for a database below 100 MB. 1 makes one file, in pg_dump’s custom format; more make a directory.',
  messages: 'Messages on runs and holds. `cutter serve` delivers them.',
  'messages.link':
    'What links in messages begin with, such as `https://cutter.example.org`. Without it: the address on which the service listens.',
  'messages.reminderHours': 'After how many hours at a gate a reminder comes, and then again each time.',
  'messages.expiringHours': 'How many hours before an unused approval expires a message says so.',
  'messages.deadHours': 'How many hours after its first attempt a message is dead.',
  'messages.receivers': 'Who gets messages, by a name that you choose. Each has one way.',
  'messages.receivers.<name>.webhook': 'A POST by the Standard Webhooks specification.',
  'messages.receivers.<name>.webhook.url': 'The URL. This or `urlEnv`.',
  'messages.receivers.<name>.webhook.urlEnv': 'Variable with the URL, where it is a secret.',
  'messages.receivers.<name>.webhook.secretEnv':
    'Variable with the secret that signs, in base64, with or without `whsec_`.',
  'messages.receivers.<name>.command':
    'A program by its absolute path, and its arguments. It gets the message as JSON on stdin.',
  'messages.receivers.<name>.command[]': 'The program, or an argument.',
  'messages.receivers.<name>.slack': 'An incoming webhook of Slack.',
  'messages.receivers.<name>.slack.urlEnv': 'Variable with its URL.',
  'messages.receivers.<name>.ntfy': 'A topic of ntfy.',
  'messages.receivers.<name>.ntfy.url': 'The server, such as `https://ntfy.sh`.',
  'messages.receivers.<name>.ntfy.topic': 'The topic.',
  'messages.receivers.<name>.ntfy.tokenEnv': 'Variable with an access token. Without it: none is sent.',
  'messages.receivers.<name>.email': 'An e-mail.',
  'messages.receivers.<name>.email.smtpEnv':
    'Variable with the mail server, such as `smtps://user:password@mail.example.org`.',
  'messages.receivers.<name>.email.from': 'Address of the sender.',
  'messages.receivers.<name>.email.to': 'Addresses of those who get it.',
  'messages.receivers.<name>.email.to[]': 'An address.',
  'messages.receivers.<name>.kinds': 'Which messages it gets. Without it: all.',
  'messages.receivers.<name>.kinds[]': 'A kind, such as `run.paused`.',
  'messages.receivers.<name>.machines':
    'Of which machines it gets messages on runs. Without it: of all. Messages on holds come in any case.',
  'messages.receivers.<name>.machines[]': 'A machine.',
  tls: 'TLS of `cutter serve` on the network. Without it: none, so a proxy in front or loopback. Read at the start.',
  'tls.key': 'File of the private key in PEM, which not everybody may read.',
  'tls.cert': 'File of the certificate and those that sign it, in PEM.',
  proxy: 'Proxies in front of the service.',
  'proxy.addresses':
    'Addresses from which the innermost proxy connects. Without it: loopback. The header of any other caller counts not at all.',
  'proxy.addresses[]': 'An address, or a network such as `10.0.0.0/8`.',
  'proxy.hops':
    'How many of them add the address of their caller to `X-Forwarded-For`. Limits count by the address that the first of them saw. With 0 the header never counts.',
  socketGroup:
    'Group whose members reach the unix socket of `cutter serve`: a name of `/etc/group`, or a number. Without it: the group of the service. Read at the start.',
  names: 'Names by which `cutter serve` may be called besides its own: of a proxy or a certificate.',
  'names[]': 'A host name, such as `cutter.example.org`.',
  caps: 'Limits.',
  'caps.runMinutes': 'Longest working time of a run, in minutes. Waiting at a gate does not count.',
  'caps.phaseMinutes':
    'Working time of a phase, in minutes, above which its history entry is marked. The phase continues, unless `caps.stopPhases` is on.',
  'caps.phaseMinutesOf':
    'Other minutes for phases by name, such as `{ backup: 120, restore_test: 240 }` for migrations of large databases.',
  'caps.phaseMinutesOf.<name>': 'Minutes of that phase.',
  'caps.stopPhases': 'Whether a phase stops at `caps.phaseMinutes`, with `STOP_CAP_PHASE_TIME`.',
  'caps.steps': 'Largest number of steps of a run, so that a chart that leads in a circle ends.',
  'caps.units': 'Largest number of units of one cut.',
}
