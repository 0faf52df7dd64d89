/** A configuration of ssh, and the host that is asked for. `/ABS` stands for the folder of the configuration. */
export interface Configuration {
  name: string
  text: string
  alias: string
  /** Other files in the folder, by name. */
  files?: { [name: string]: string }
  env?: { [name: string]: string }
  /** The setting that Cutter refuses by name. */
  refused?: string
  /** The settings that only ssh can follow. */
  needs?: string[]
}

const simple = (name: string, text: string, more: Partial<Configuration> = {}): Configuration => ({
  name,
  text,
  alias: 'a',
  ...more,
})

const INCLUDES: Configuration[] = [
  simple(
    'Host blocks of an included file end with it',
    'Include /ABS/inc\nUser glob\nPort 2200\nHost a\n  HostName h1\n',
    {
      files: { inc: 'Host other\n  HostName o\n' },
    },
  ),
  simple(
    'an Include in the block of another host',
    'Host web\n  Include /ABS/web.conf\nHost db\n  HostName 127.0.0.1\n  Port 42201\n  User root\n',
    { alias: 'db', files: { 'web.conf': 'Host db\n  Port 42202\n' } },
  ),
  simple('an Include in the own block', 'Host a\n  Include /ABS/own\n  Port 1\n', {
    files: { own: 'Port 2\n' },
  }),
  simple('an Include with a wildcard in a folder’s name', 'Include /ABS/*/config\n', {
    files: { 'one/config': 'Host a\n  Port 3\n', 'two/config': 'Host a\n  Port 4\n' },
  }),
  simple('an Include with brackets', 'Include /ABS/conf[0-9]\n', {
    files: { conf1: 'Host a\n  User one\n', 'conf-x': 'Host a\n  User x\n' },
  }),
  simple('an Include with a question mark', 'Include /ABS/c?.conf\n', { files: { 'c1.conf': 'User q\n' } }),
  simple('several files after one Include', 'Include /ABS/x /ABS/y\n', {
    files: { x: 'User x\n', y: 'User y\nPort 5\n' },
  }),
  simple('a quoted Include with a space', 'Include "/ABS/with space"\n', {
    files: { 'with space': 'User w\n' },
  }),
  simple('an Include of a missing file', 'Include /ABS/none\nPort 6\n'),
  simple('an Include in an included file', 'Include /ABS/x\n', {
    files: { x: 'Include /ABS/y\nPort 7\n', y: 'Host a\n  Port 8\n' },
  }),
  simple('an Include under a Match that does not hold', 'Match host b\n  Include /ABS/x\n', {
    files: { x: 'Host *\n  Port 9\n' },
  }),
  simple('an Include with an equals sign', 'Include=/ABS/x\n', { files: { x: 'Port=10\n' } }),
]

const MATCHES: Configuration[] = [
  simple('a negated Match host', 'Match !host h1\n  User m\n', { alias: 'h2' }),
  simple('a negated Match host that does not hold', 'Match !host h1\n  User m\n', { alias: 'h1' }),
  simple('Match host after HostName', 'Host a\n  HostName h1\nMatch host h1\n  User m\n'),
  simple('Match originalhost', 'Host a\n  HostName h1\nMatch originalhost a\n  User m\n'),
  simple('Match user', 'Host a\n  User u\nMatch user u\n  Port 11\n'),
  simple('Match localuser', 'Match localuser root,nobody\n  Port 12\n'),
  simple('Match exec that succeeds', 'Match exec "true"\n  User e\n'),
  simple('Match exec that fails', 'Match exec "false"\n  User e\n'),
  simple('Match exec with tokens', 'Match exec "test %n = a"\n  User e\n'),
  simple('a negated Match exec', 'Match !exec "test -e /none"\n  User e\n'),
  simple('Match exec with an environment variable', 'Match exec "test $WHERE = office"\n  User e\n', {
    env: { WHERE: 'office' },
  }),
  simple(
    'Match with two conditions',
    'Match originalhost a exec "false"\n  User two\nMatch all\n  Port 13\n',
  ),
  simple('Match final', 'Match final\n  User f\nHost a\n  Port 14\n'),
  simple('Match final with host', 'Host a\n  HostName h1\nMatch final host h1\n  User f\n'),
  simple('Match canonical without canonicalization', 'Match canonical\n  User c\n'),
]

const HOSTS: Configuration[] = [
  simple('no configuration at all', ''),
  simple('a negated pattern', 'Host !a *\n  User n\n'),
  simple('a negated pattern for others', 'Host * !b\n  User n\n'),
  simple('patterns with question marks', 'Host db-?? web\n  Port 15\n', { alias: 'db-01' }),
  simple('the first value counts', 'Host a\n  Port 16\nHost *\n  Port 17\n  User later\n'),
  simple(
    'keywords in any case, tabs, equals signs and comments',
    'hOsT=a # a comment\n\tPORT = 18\n  user\t"u"\n',
  ),
  simple('a name in capitals', 'Host WEB\n  Port 19\nHost web\n  Port 20\n', { alias: 'WEB' }),
  simple('HostName with %h', 'Host a\n  HostName %h.example.org\n'),
  simple('a HostName with %%', 'Host a\n  HostName x%%y\n'),
  simple('a HostName in capitals', 'Host a\n  HostName EXAMPLE.org\n'),
  simple('an IPv6 address', 'Host a\n  HostName ::1\n  Port 21\n'),
  simple('values in quotes', 'Host "a"\n  HostName "h1"\n  User "with space"\n'),
  simple('a CRLF file', 'Host a\r\n  Port 22\r\n  User crlf\r\n'),
  simple('several names on a Host line', 'Host x a y\n  HostName many\n'),
  simple(
    'canonicalization with a fallback',
    'CanonicalizeHostname yes\nCanonicalDomains none.invalid\nCanonicalizeFallbackLocal yes\nHost a.none.invalid\n  User never\n',
  ),
  simple('IgnoreUnknown', 'IgnoreUnknown UseKeychain,Foo*\nUseKeychain yes\nFooBar x\nPort 23\n'),
]

const CONNECTIONS: Configuration[] = [
  simple('ConnectTimeout with a unit', 'Host a\n  ConnectTimeout 1m\n'),
  simple('ConnectTimeout with two units', 'ConnectTimeout 1m30\n'),
  simple('AddressFamily inet', 'AddressFamily inet\n'),
  simple('AddressFamily inet6', 'AddressFamily inet6\n'),
  simple('BindAddress', 'BindAddress 127.0.0.2\n'),
  simple('a ProxyJump', 'Host a\n  ProxyJump j\nHost j\n  Port 24\n'),
  simple('a chain of ProxyJump', 'ProxyJump u@j1:25,[::1]:26,j3\n'),
  simple('ProxyJump none', 'Host a\n  ProxyJump none\nHost *\n  ProxyJump j\n'),
  simple(
    'a ProxyCommand',
    'Host a\n  HostName h1\n  Port 27\n  User u\n  ProxyCommand nc -X 5 %h %p "%n" %r %%\n',
  ),
  simple('ProxyCommand none', 'Host a\n  ProxyCommand none\nHost *\n  ProxyCommand nc %h %p\n'),
  simple('ProxyCommand before ProxyJump', 'Host a\n  ProxyCommand nc %h %p\n  ProxyJump j\n'),
  simple('ProxyJump before ProxyCommand', 'Host a\n  ProxyJump j\n  ProxyCommand nc %h %p\n'),
  simple(
    'forwardings and other things that do not matter',
    'LocalForward 8080 h:80\nForwardAgent yes\nLogLevel DEBUG\nSetEnv A=b\nControlMaster auto\nControlPath ~/cm-%C\nControlPersist 60\nServerAliveInterval 5\nCompression yes\nRequestTTY force\nEscapeChar none\nIPQoS none\n',
  ),
  simple('KexAlgorithms with a plus', 'KexAlgorithms +diffie-hellman-group14-sha1\n'),
  simple('Ciphers with a caret', 'Ciphers ^aes256-ctr\n'),
  simple('MACs with a minus', 'MACs -*etm*,umac*\n'),
  simple('HostKeyAlgorithms', 'HostKeyAlgorithms rsa-sha2-512,ssh-ed25519\n'),
  simple('PubkeyAcceptedAlgorithms', 'PubkeyAcceptedAlgorithms -ssh-rsa,rsa-sha2-256\n'),
]

const KEYS: Configuration[] = [
  simple('an identity by its public half', 'Host a\n  IdentitiesOnly yes\n  IdentityFile ~/.ssh/k_enc.pub\n'),
  simple('an identity by an environment variable', `Host e\n  IdentityFile ${'$'}{KEYS}/id\n`, {
    alias: 'e',
    env: { KEYS: '/ABS/keys' },
  }),
  simple(
    'several identities',
    'Host a\n  IdentityFile /ABS/one\n  IdentityFile /ABS/none\nHost *\n  IdentityFile /ABS/two\n',
    {
      files: { one: 'x', two: 'y' },
    },
  ),
  simple(
    'identities with tokens',
    'Host a\n  HostName h1\n  User u\n  Port 28\n  IdentityFile ~/.ssh/%%-%h-%i-%n-%p-%r-%u-%L-%l-%k\n',
  ),
  simple('an identity in the home by %d', 'IdentityFile %d/.ssh/id_%h\n'),
  simple('%k with a HostKeyAlias', 'HostKeyAlias al\nIdentityFile /ABS/%k\n'),
  simple('an identity in quotes with a space', 'IdentityFile "/ABS/a key"\n'),
  simple('a relative identity', 'IdentityFile keys/id\n'),
  simple('IdentityFile none', 'Host a\n  IdentityFile none\n'),
  simple('IdentityAgent none', 'IdentityAgent none\n', { env: { SSH_AUTH_SOCK: '/ABS/agent' } }),
  simple('IdentityAgent with a path', 'IdentityAgent /ABS/%n.sock\n', {
    env: { SSH_AUTH_SOCK: '/ABS/agent' },
  }),
  simple('IdentityAgent with a variable', 'IdentityAgent $OTHER\n', { env: { OTHER: '/ABS/other' } }),
  simple('IdentityAgent SSH_AUTH_SOCK', 'IdentityAgent SSH_AUTH_SOCK\n', {
    env: { SSH_AUTH_SOCK: '/ABS/agent' },
  }),
  simple('UserKnownHostsFile with several files', 'UserKnownHostsFile /ABS/one /ABS/two-%h\n'),
  simple('UserKnownHostsFile with quotes', 'UserKnownHostsFile "/ABS/with space" /ABS/%%h\n', {
    files: { 'with space': '' },
  }),
  simple('UserKnownHostsFile none', 'UserKnownHostsFile none\nGlobalKnownHostsFile none\n'),
  simple('GlobalKnownHostsFile', 'GlobalKnownHostsFile /ABS/one /ABS/two\n'),
  simple('HostKeyAlias', 'Host a\n  HostName h1\n  Port 29\n  HostKeyAlias al\n'),
  simple('RevokedHostKeys', 'RevokedHostKeys /ABS/revoked\n'),
  simple('CheckHostIP', 'CheckHostIP yes\n'),
  simple(
    'StrictHostKeyChecking and what goes with it',
    'StrictHostKeyChecking accept-new\nVerifyHostKeyDNS yes\nUpdateHostKeys yes\nNoHostAuthenticationForLocalhost yes\nHashKnownHosts yes\n',
  ),
]

/** What ssh can do and the package ssh2 can't, so that ssh connects. */
const NEEDED: Configuration[] = [
  simple('a certificate', 'CertificateFile /ABS/id-cert.pub\n', { needs: ['CertificateFile'] }),
  simple('a token', 'PKCS11Provider /usr/lib/token.so\n', { needs: ['PKCS11Provider'] }),
  simple('a command for known hosts', 'KnownHostsCommand /bin/echo %H\n', { needs: ['KnownHostsCommand'] }),
  simple('a network interface', 'BindInterface lo\n', { needs: ['BindInterface'] }),
  simple('a connection of another program', 'ProxyCommand nc -F %h %p\nProxyUseFdpass yes\n', {
    needs: ['ProxyUseFdpass'],
  }),
  simple('a key exchange that ssh2 has not', 'KexAlgorithms sntrup761x25519-sha512@openssh.com\n', {
    needs: ['KexAlgorithms'],
  }),
  simple('a MAC that ssh2 has not', 'MACs umac-128-etm@openssh.com\n', { needs: ['MACs'] }),
  simple('a host certificate alone', 'HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com\n', {
    needs: ['HostKeyAlgorithms'],
  }),
  simple('a login by the key of this machine', 'HostbasedAuthentication yes\n', {
    needs: ['HostbasedAuthentication'],
  }),
  simple('a login by Kerberos alone', 'PreferredAuthentications gssapi-with-mic\nPubkeyAuthentication no\n', {
    needs: ['PubkeyAuthentication', 'PreferredAuthentications'],
  }),
]

/** What ssh can do and Cutter can't. */
const REFUSED: Configuration[] = [
  simple('a remote command', 'RemoteCommand tmux\n', { refused: 'RemoteCommand' }),
  simple('no command at all', 'SessionType none\n', { refused: 'SessionType' }),
  simple('passwords alone', 'PreferredAuthentications password\n', { refused: 'PreferredAuthentications' }),
]

/** Names and tokens that few use. */
const ODD: Configuration[] = [
  simple('a name with a plus sign', 'Host web+1\n  Port 61\n', { alias: 'web+1' }),
  simple('a name with a slash', 'Host prod/web\n  HostName h1\n', { alias: 'prod/web' }),
  simple('a name that is not ASCII', 'Host bü\n  HostName h1\n  Port 62\n', { alias: 'bü' }),
  simple('a name with %', 'Host a%b\n  HostName h1\n', { alias: 'a%b' }),
  simple('several files of known hosts', 'UserKnownHostsFile /ABS/k1 /ABS/k2\n', {
    files: { k1: '', k2: '' },
  }),
  simple('known hosts with a space', 'UserKnownHostsFile "/ABS/my hosts" /ABS/k2\n', {
    files: { 'my hosts': '', k2: '' },
  }),
  simple('known hosts by tokens', 'Host a\n  HostName h1\n  UserKnownHostsFile /ABS/%h-%n-%p\n'),
  simple('no known hosts of the user', 'UserKnownHostsFile none\n'),
  simple('an alias of the host key with a token', 'Host a\n  HostName h1\n  HostKeyAlias k-%h\n'),
  simple('a file of revoked keys by tokens', 'RevokedHostKeys ~/.ssh/revoked\n'),
  simple('a ProxyJump by a URL', 'ProxyJump ssh://u@j1:2222\n'),
  simple('an identity by the name of the host', 'Host a\n  HostName h1\n  IdentityFile ~/.ssh/%n-%h-%p-%r\n'),
  simple('an identity with a space', 'IdentityFile "/ABS/my key"\n'),
  simple('an address that is bound', 'BindAddress 127.0.0.3\nAddressFamily inet\n'),
  simple('Match host with a list and a negation', 'Match host h?,!h2 user *\n  Port 63\n', { alias: 'h1' }),
  simple('a line that ends with spaces', 'Host a   \n  Port 65   \n'),
]

export const CONFIGURATIONS = [
  ...ODD,
  ...INCLUDES,
  ...MATCHES,
  ...HOSTS,
  ...CONNECTIONS,
  ...KEYS,
  ...NEEDED,
  ...REFUSED,
]
