// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the expressions belong to the shell that runs the text.

/**
 * The part of `VERIFY.md`, from wording 2 on, about approvals that a passkey signed on a web page. The layout is that of PROTOCOL.sshsig and
 * PROTOCOL.u2f of OpenSSH. The order in the client data is that of Web Authentication Level 2, section 5.8.1.1.
 */
export const PAGE_TEXT =
  'Some of these statements were signed by a passkey on a web page. `ssh-keygen` verifies such a signature and what it says of itself, but ' +
  'it accepts every page, and a signature for which nobody was present. The command `page` reads what the signature says. It stops when nobody ' +
  'touched the authenticator, when the page is not in your own list of origins, and when that page was inside a page of another origin. The ' +
  'passkey belongs to the RP id that stands as the application in its line of your `allowed_signers`. The policies in `trust/` show which pages ' +
  'the instance allowed. This part also needs `base64`, `od` and `tr`.'

export const PAGE_COMMANDS = [
  'origins=../origins              # your own file: on each line the origin of a page on which you expect signatures',
  "hex() { od -An -v -tx1 | tr -d ' \\n'; }",
  'take() {',
  '  size=$(printf %.8s "$left"); left=${left#????????}',
  '  part=$(printf "%.$((0x$size * 2))s" "$left"); left=${left#"$part"}',
  '}',
  'page() {',
  '  left=$(while IFS= read -r line; do case $line in -*) ;; *) echo "$line" ;; esac; done < "$1" | base64 -d | hex)',
  '  left=${left#????????????????????}; take; take; take; take; take; left=$part',
  '  take; take; flags=$(printf %.2s "$left"); left=${left#??????????}; take; origin=$part; take; data=$part',
  '  [ $((0x$flags & 1)) = 1 ] || { echo "$1: nobody touched the authenticator"; exit 1; }',
  '  known=; while IFS= read -r line || [ -n "$line" ]; do',
  '    [ "$(printf %s "$line" | hex)" != "$origin" ] || known=$line',
  '  done < "$origins"',
  '  [ -n "$known" ] || { echo "$1 was signed on a page that is not in your list"; exit 1; }',
  '  case ${data#*"$(printf \'"origin":"%s"\' "$known" | hex)"} in',
  '    "$(printf \'}\' | hex)"|"$(printf \',"crossOrigin":false\' | hex)"*) ;;',
  '    *) echo "$1 was signed on a page inside another page, or in another form"; exit 1 ;;',
  '  esac',
  '  [ $((0x$flags & 4)) = 0 ] && how="who touched the authenticator" || how="who gave their PIN or finger"',
  '  echo "$1: signed on a page of $known by somebody $how"',
  '}',
]
