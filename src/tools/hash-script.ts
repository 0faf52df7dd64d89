/** The SHA-256 of no bytes. */
const OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A test whether the host's openssl hashes. Its hash uses the processor's own instructions, which many builds of sha256sum do not: a quarter of the time. */
const OPENSSL_HASHES = `case $(printf '' | openssl dgst -sha256 -r 2>/dev/null) in ${OF_NOTHING}*) true;; *) false;; esac`

/** Shell lines that define `sha256_of_input`, which prints the SHA-256 of its input as 64 hex digits. */
export const DEFINE_SHA256 = `if ${OPENSSL_HASHES}; then sum256() { openssl dgst -sha256 -r; }; else sum256() { sha256sum; }; fi
sha256_of_input() { sum256 | cut -c1-64; }
`

/**
 * A script that hashes the files which it gets as arguments, for `xargs -0 sh -c`. It prints lines as `sha256sum` does; `-z`: as `sha256sum -z`.
 * openssl prints names as they are, so that files with a backslash or line break in their name are left to sha256sum. Ends with 1 when a file
 * can't be read.
 */
const hashFiles = (option: string, afterOpenssl: string) => `case "$*" in *[\\\\"
"]*) exec sha256sum${option} -- "$@";; esac
${OPENSSL_HASHES} || exec sha256sum${option} -- "$@"
sums=$(openssl dgst -sha256 -r "$@"); code=$?
[ -z "$sums" ] || printf '%s\\n' "$sums" | ${afterOpenssl}
exit $code`

export const HASH_FILES = hashFiles('', "sed 's/^\\(.\\{64\\}\\) [*]/\\1  /'")
export const HASH_FILES_Z = hashFiles(' -z', "tr '\\n' '\\0'")
