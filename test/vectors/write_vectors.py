"""Writes bundles without any code of Cutter: the archive, the JSON and the hashes are this file's own, signatures are ssh-keygen's.
Usage: write_vectors.py good.tar APPROVER_KEY INSTANCE_KEY. It takes a good bundle of two gates as its draft."""
import hashlib, io, json, re, subprocess, sys, tarfile

good, approver_key, instance_key = sys.argv[1:]
RUN_ID = 'ictr-20300101T000000Z-0123abcd'


def sha(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()


def sign(data, key, namespace):
    args = ['ssh-keygen', '-Y', 'sign', '-q', '-f', key, '-n', namespace]
    return subprocess.run(args, input=data, stdout=subprocess.PIPE, check=True).stdout


def write(name, files, **how):
    """Writes files as a POSIX ustar archive, byte by byte as the format asks, or as Python's tarfile does when `how` says so."""
    files = {path: data for path, data in files.items() if path != 'MANIFEST.sha256'}
    files['MANIFEST.sha256'] = ''.join(f'{sha(files[path])}  {path}\n' for path in sorted(files)).encode()
    with open(f'python-{name}.tar', 'wb') as out:
        if how:
            with tarfile.open(fileobj=out, mode='w', **how) as tar:
                for path in sorted(files):
                    info = tarfile.TarInfo(path)
                    info.size = len(files[path])
                    tar.addfile(info, io.BytesIO(files[path]))
            return
        for path in sorted(files):
            block = bytearray(512)
            for start, field in [(0, path.encode()), (100, b'000644 \0' + b'000000 \0' * 2), (124, b'%011o 00000000000 ' % len(files[path])),
                                 (148, b' ' * 8), (156, b'0'), (257, b'ustar\00000'), (329, b'000000 \0' * 2)]:
                block[start:start + len(field)] = field
            block[148:156] = b'%06o \0' % sum(block)
            out.write(block + files[path] + bytes(-len(files[path]) % 512))
        out.write(bytes(1024))


def rewrite(draft, drop=(), key=instance_key):
    """The bundle of another run, with each hash and signature made here; without the approvals and entries of the gates in `drop`."""
    files = dict(draft)
    genesis = {**json.loads(files['genesis.json']), 'runId': RUN_ID, 'startedBy': 'Zoë <&> 日本'}
    history = [json.loads(line) for line in files['history.jsonl'].splitlines()]
    approvals = {path: json.loads(data) for path, data in files.items() if re.fullmatch(r'approvals/[^.]+\.json', path)}
    names = {}
    for path, statement in approvals.items():
        used = next(entry['seq'] for entry in history if entry['event'].get('approvalUsed') == path[10:-5])
        if statement['gate'] in drop:
            history = [entry for entry in history if not statement['seq'] <= entry['seq'] <= used]
    previous, seqs, heads = sha(canonical(genesis)), {}, {}
    for seq, entry in enumerate(history, 1):
        seqs[entry['seq']] = seq
        text = json.dumps(entry)
        for old, new in names.items():
            text = text.replace(old, new)
        entry = {**json.loads(text), 'seq': seq, 'previousHash': 'sha256:' + previous}
        entry['by'] = genesis['startedBy'] if entry['by'] == 'deploybot' else entry['by']
        del entry['hash']
        previous = sha(canonical(entry))
        history[seq - 1] = {**entry, 'hash': 'sha256:' + previous}
        for path, statement in list(approvals.items()):
            if statement['gate'] not in drop and seqs.get(statement['seq']) == seq and path[10:-5] not in names:
                changed = {**statement, 'runId': RUN_ID, 'seq': seq, 'historyHead': 'sha256:' + previous}
                data = canonical(changed)
                names[path[10:-5]] = 'ap-' + sha(data)[:32]
                heads[names[path[10:-5]]] = (data, sign(data, approver_key, f"cutter.{changed['machine']}.{changed['gate']}"))
    text = files['VERIFY.md'].decode()
    for path in approvals:
        del files[path], files[path + '.sig']
    old_run = json.loads(files['run.json'])
    run = {**old_run, 'runId': RUN_ID, 'startedBy': genesis['startedBy'], 'seq': len(history), 'head': 'sha256:' + previous}
    for name, (data, signature) in heads.items():
        files[f'approvals/{name}.json'], files[f'approvals/{name}.json.sig'] = data, signature
    files.update({'genesis.json': canonical(genesis), 'run.json': canonical(run), 'history.jsonl': b''.join(canonical(e) + b'\n' for e in history)})
    named = {digest for entry in history for digest in entry['event'].get('evidence', {}).values()}
    for path in [path for path in files if re.match('(plans|evidence|trust)/', path)]:
        if not any(digest[7:] in path for digest in named) or any(re.match(f'trust/[a-z]+-{gate}-', path) for gate in drop):
            del files[path]
    close(files, genesis, run, history, key)
    files['VERIFY.md'] = instructions(text, old_run, run, names, approvals, drop)
    return files


def close(files, genesis, run, history, key):
    """Signs the end: an in-toto Statement v1."""
    closeout = json.loads(files['closeout.json'])
    predicate, at = closeout['predicate'], 'sha256:'
    subject = [('history', run['head']), ('snapshot.json', run['snapshotDigest'])]
    subject += [(f"{name}@{entry['seq']}", digest) for entry in history for name, digest in sorted(entry['event'].get('evidence', {}).items())]
    signed = sorted(path for path in files if path.startswith('approvals/') and path.endswith('.json'))
    subject += [(path + end, at + sha(files[path + end])) for path in signed for end in ('', '.sig')]
    statements = {path[10:-5]: json.loads(files[path]) for path in signed}
    used = {entry['event'].get('approvalUsed'): entry['seq'] for entry in history}
    rows = [{'approvalId': name, 'kind': 'signed', 'usedSeq': used[name], **{k: one[k] for k in ('gate', 'decision', 'approver')}}
            for name, one in sorted(statements.items())]
    predicate.update(runId=run['runId'], startedBy=genesis['startedBy'], entries=len(history), evidence=len(subject) - 2 - 2 * len(signed), approvals=rows)
    closeout['subject'] = [{'name': name, 'digest': {'sha256': digest[7:]}} for name, digest in subject]
    files['closeout.json'] = canonical(closeout)
    files['closeout.json.sig'] = sign(files['closeout.json'], key, 'cutter.closeout')


def instructions(text, old_run, run, names, approvals, drop):
    """VERIFY.md of the new run: the lines of the draft with other values, approvals in the order of their use."""
    text = text.replace(old_run['runId'], run['runId']).replace(f"at entry {old_run['seq']}.", f"at entry {run['seq']}.")
    for path, statement in approvals.items():
        if statement['gate'] in drop:
            block = re.compile(rf"Gate `{statement['gate']}`: [^\n]*\n\n```sh\narrived {re.escape(path)}\n[^`]*```\n\n")
            text = block.sub('', text)
        else:
            text = text.replace(path, f'approvals/{names[path[10:-5]]}.json')
    return text.encode()


def rotated(draft, signer_key=instance_key):
    """The same run, closed by a new key of the instance that the old one signed."""
    old, files = draft['instance.pub'].decode().strip(), dict(draft)
    name = old.split()[2]
    key = 'key-of-' + sha(signer_key.encode())[:8]
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key], check=True)
    with open(key + '.pub') as public:
        files['instance.pub'] = public.read().encode()
    new = files['instance.pub'].decode().strip()
    statement = canonical({'type': 'urn:cutter:key-rotation:v1', 'oldKey': old, 'newKey': new, 'at': '2026-03-01T09:30:00Z', 'by': 'Zoë', 'reason': 'yearly'})
    signature = sign(statement, signer_key, 'cutter.instance-key')
    files[f'rotations/{sha(statement)}.json'] = canonical({'statementText': statement.decode(), 'signature': signature.decode()})
    files['closeout.json.sig'] = sign(files['closeout.json'], key, 'cutter.closeout')
    files['run.json'] = canonical({**json.loads(files['run.json']), 'format': 3})
    files['VERIFY.md'] = files['VERIFY.md'].replace(b'has format 2,', b'has format 3,')
    return files


with tarfile.open(good) as tar:
    draft = {member.name: tar.extractfile(member).read() for member in tar}
write('same-files', draft)
write('tarfile-ustar', draft, format=tarfile.USTAR_FORMAT)
write('tarfile-gnu', draft, format=tarfile.GNU_FORMAT)
write('tarfile-pax', draft, format=tarfile.PAX_FORMAT)
write('another-run', rewrite(draft))
write('without-sg2', rewrite(draft, drop=['SG2']))
write('closed-by-approver', rewrite(draft, key=approver_key))
write('pretty-json', {**draft, 'run.json': json.dumps(json.loads(draft['run.json']), indent=1).encode()})
write('crlf', {**draft, 'VERIFY.md': draft['VERIFY.md'].replace(b'\n', b'\r\n')})
write('extra-key', {**draft, 'run.json': canonical({**json.loads(draft['run.json']), 'note': 'hello'})})
write('escaped-text', {**draft, 'genesis.json': draft['genesis.json'].replace(b'deploybot', b'deploy\\u0062ot')})
write('rotated', rotated(draft))
write('rotated-by-approver', rotated(draft, signer_key=approver_key))
