#!/usr/bin/env python3
"""Checks an evidence bundle of Cutter as docs/evidence-format.md specifies it. Needs Python 3.8 and ssh-keygen, and nothing of Cutter.
Exit codes: 0 holds and every requirement is met, 1 does not hold, 2 usage, 3 holds without --signers or with an unmet requirement."""
import argparse, base64, calendar, datetime, decimal, hashlib, json, os, pathlib, re, subprocess, sys, tempfile, unicodedata, urllib.parse
GATES = {'cut': {'succeeded': ['SG1', 'SG2']}, 'deploy': {'succeeded': ['SG1'], 'rolled-back': ['SG1']}, 'teardown': {'succeeded': ['SG1']},
         'migrate': {'succeeded': ['SG1'], 'rolled-back': ['SG1', 'SG2']}, 'rollback': {'succeeded': ['SG2']}}  # of version 1 of each machine
KNOWN = '''cut 8ca776ae24731b67cf40fc12448cb1eb4e7cf6b49913f19b58d6a9233845bf2d 799eff8191ecf5b4bd81ea839d295db5b221480ab3dd560a4727934f980c5904 69484b2a6fded3ce02304437e9cdab9d22c741f10585894374844b2d8e62f5d2
deploy 4d1485e5c23d0d1e663d60dd298fbace2421c91b6a17a6df995135665467d296 f21b34905c7737cb48c6a36cd0c02215598c42966b6085031e2c534986e8ed87 873dae9a8f16f61b8bb210432615d4ea4b2007bbeb0a9836a391ea3efe82fb77
migrate 05f1c34183d194cb52fcc1c1c4ff550c39dc451e48daf09dc17c635b69133c96 d137c80a7dd4f73d79a29e0e1825d8e3308d599842d67545a1b11500fdbfb992 d78a1e43a14f350939c9df3cbf48d1eb467ee0e881454e32ed03af788ae10b47
rollback bbc032e4af95f6a13e416048557795bab4a128886ee3ef4e78afca1d92ddd81f 7b6e74ca45973cc3d6d9da796fcd0bbd2e054aabbcd069d2c815de37773c9b1b c902208d3d38a582d263f2c7e13e45ae50cb399681421d6c207b2aa9bdc1bbd2
teardown 2b74c82c7fa831cfec7b35b7b172b1897e8ac1a7b0c274c166df41610082a48d 30a8f9b317bafdf1a852d84b0b82562bec0899705512022832a5190b33f2de1e 23525a5268732b20dbbbe28fd3615968167e36a96e35391a58060bf85a916408
adopt a8ffa572c4df62d35f8844d02b67b54bb1810094d8f7ec3e89a5d9b712a61bf1'''  # their definition digests
ZERO, SURROGATE, SKEW, CLOSEOUT, ROTATION, DIGEST, ID = b'\0' * 512, re.compile(f'[{chr(0xd800)}-{chr(0xdfff)}]'), 300_000, 'cutter.closeout', 'cutter.instance-key', 'sha256:[0-9a-f]{64}', 'ap-[0-9a-f]{32}'
GENESIS, ENTRY, WRITE, STATEMENT = [names.split() for names in (
    'definitionDigest input machine mode osUser runId startKey startedAt startedBy version', 'at by event hash previousHash seq snapshotDigest state status', 'attempt known phase seq startedAt', 'approver decision expiresAt gate historyHead issuedAt machine nonce planDigest reason runId seq type version')]
LINE, STATUSES, INSTANCE = '(?=.*\\S)[^\0-\x1f\x7f-\x9f\u2028\u2029]+', 'working|paused|stopped|closed', r'\S+ (\S+) (cutter-instance@[A-Za-z0-9.-]{1,64})'
ABANDONED, FAILED = 'cutter.run-abandoned', 'it was started, and nobody knows whether it was committed'; IN_FLIGHT = 'it was started, and no outcome was recorded; nobody knows whether it was committed'; OUTCOMES, UNSEEN = 'succeeded|rejected|failed|cancelled|voided|rolled-back|abandoned', '[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]'
PARTS = {rf'times/(?:({ID})|closeout)\.tsr': b'0.*', r'witnesses/[A-Za-z0-9%_][A-Za-z0-9%@._+-]*\.txt': b'.*\n\xe2\x80\x94 \\S+ \\S+\n',
         rf'keys/({ID})\.json': rb'{"application":"[^"]*","counter":\d+,"flags":\d{1,3},"origin":(?:null|"[^"]*")}', r'report\.html': rb'[^\xc0\xc1\xf5-\xff]*',
         r'rotations/[0-9a-f]{64}\.json': rb'{"signature":"[^"]*","statementText":"(?:[^"\\]|\\.)*"}'}
TEXTS = '''7036ec4d5b4b3f3098cd8b9a 0f7d95df8216acde2b1f24fc a5bb8d96f89a86e8380d7893 7cc702e6ef756cca8427639c 5e0c540ae0e852e91a0d5595 e1901af10bcec7839bd6d44e 0574cf31bb77135924e0c7ba f14af4e2acdd7052446abbcf
05cdf4c6bf8da44ef2dd3e37 7e939d922d3ada816a19c521 71fe82f323e5962ec1bf2c88 65868d89963289bdd49f8a43 431dd19e051c666262b0b7cd dd598f77e5378939efa37503 c9912703a201694e9a11758b dfb729cf4bedcaedf866d93a a2160965d90cd370c7800dd6 4a5dd4915af7e41da565172b de485f192061c1ff26a0c0f6
c1158d0bb982943d9cd2303c 4600ccac977c8046dabddbcd 1069f610a85220fbb691c988 cefafe415d3726c79c2c5609 bee68f17973082a51bd3ea3c af008688a074b1a2e2f3e9ae b7c205ce99c459418220aecc'''  # digests of VERIFY.md without what names something of the run: format 1, then each wording
LOST_POLICY = {'gate': '', 'of': None, 'need': 1, 'fourEyes': False, 'validHours': 1e9, 'allowedSignersDigest': None}; Fault = type('Fault', (Exception,), {})
def need(holds, *why): return holds or (_ for _ in ()).throw(Fault(': '.join(why)))
sha = lambda data: hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()
dig, units, obj, sub, is_ = lambda data: 'sha256:' + sha(data), lambda name: name.encode('utf-16-be', 'surrogatepass'), lambda v: isinstance(v, dict), lambda v: v if isinstance(v, dict) else {}, lambda pattern, v: isinstance(v, str) and re.fullmatch(pattern, v, re.S) is not None
def canon(v):  # the canonical form of JSON (RFC 8785)
    if isinstance(v, (dict, list)): return '[' + ','.join(map(canon, v)) + ']' if not obj(v) else '{' + ','.join(canon(k) + ':' + canon(v[k]) for k in sorted(v, key=units)) + '}'
    small = isinstance(v, float) and (format(decimal.Decimal(repr(v)).normalize(), 'f') if v == 0 or 1e-6 <= abs(v) < 1e21 else repr(v).replace('e-0', 'e-')); return small or SURROGATE.sub(lambda m: '\\u%04x' % ord(m[0]), json.dumps(v, ensure_ascii=False))
def parse(data, path, exact=True):
    value = json.loads(data.decode(), parse_constant=lambda name: {}[name], parse_int=lambda n: int(n) if abs(int(n)) < 2 ** 53 else float(n)); need(not exact or canon(value).encode() == data, 'FILE_UNREADABLE', path); return value
def moment(v):
    m = re.fullmatch(r'(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z', v, re.ASCII)
    return calendar.timegm(datetime.datetime(*[int(part or 0) for part in m.groups()[:6]]).timetuple()) * 1000 + int(((m[7] or '') + '000')[:3])
strings = lambda v: [v] if isinstance(v, str) else [s for one in (v.values() if obj(v) else v if isinstance(v, list) else []) for s in strings(one)]
def header(name, size):  # of a file in the archive
    start = name.encode().ljust(100, b'\0') + b'000644 \0' + b'000000 \0' * 2 + b'%011o 00000000000         0' % size
    head = (start.ljust(257, b'\0') + b'ustar\00000').ljust(329, b'\0') + (b'000000 \0' * 2).ljust(183, b'\0'); return head[:148] + b'%06o \0' % sum(head) + head[156:]
def unpack(tar):
    files, at = {}, 0
    while tar[at:at + 512] not in (ZERO, b''):
        name, size = tar[at:at + 100].rstrip(b'\0').decode('latin1'), re.fullmatch(b'([0-7]{11}) ', tar[at + 124:at + 136])
        size = int(size[1], 8) if size and re.fullmatch('(?:[a-z]+/)?[A-Za-z0-9%_][A-Za-z0-9%@._+-]*', name) and name not in files else None
        need(size is not None and tar[at:at + 512] == header(name, size), 'TAR_NOT_CANONICAL', name); files[name], at = tar[at + 512:at + 512 + size], at + 512 + (size + 511) // 512 * 512
    encoded = b''.join(header(name, len(data)) + data + b'\0' * (-len(data) % 512) for name, data in sorted(files.items())); sums = ''.join(f'{sha(data)}  {name}\n' for name, data in sorted(files.items()) if name != 'MANIFEST.sha256')
    need(tar == encoded + ZERO * 2 and files.get('MANIFEST.sha256') == sums.encode(), 'TAR_NOT_CANONICAL or MANIFEST_WRONG'); return files
def evidence_path(name, digest):
    m = re.match('(plan|signers|revoked|policy)/([^\n\r\u2028\u2029]+)\\Z', name); short = m and re.sub('[^A-Za-z0-9._]', '_', re.sub('[\U00010000-\U0010ffff]', '__', m[2]))[:20] + '-' + digest[7:]
    return 'evidence/' + digest[7:] if not m else f'plans/{short}.json' if m[1] == 'plan' else f'trust/{m[1]}-{short}'
def read_entry(row):
    one = parse(row, 'history.jsonl'); event, place = one['event'], one['event'].get('arrival', {'gate': '', 'planDigest': None})
    digests, kinds, left = [one['snapshotDigest'], one['hash'] if place['planDigest'] is None else place['planDigest'], *event.get('evidence', {}).values()], event.get('effectsAsked', {}), event.get('effectsDropped', [])
    fits = is_(STATUSES, one['status']) and is_(OUTCOMES, event.get('outcome', 'failed')) and len(place) == 2 and sorted(one) == ENTRY and moment(one['at']) and isinstance(left, list) and all(is_('read|write', kind) for kind in kinds.values()) and all(is_('.*', name) for name in left)
    need(fits and is_('.*', one['by'] + one['state'] + event['type'] + event.get('approvalUsed', '') + place['gate']) and all(is_(DIGEST, d) for d in digests), 'FILE_UNREADABLE', 'an entry'); return one
def read(files):
    run, genesis = parse(files['run.json'], 'run.json'), parse(files['genesis.json'], 'genesis.json'); two, history = 'format' in run, [read_entry(row) for row in files['history.jsonl'].split(b'\n')[:-1]]
    holds = (not two or type(run['format']) is int and run['format'] in (2, 3, 4)) and is_('live|dry-run', genesis['mode']) and is_(DIGEST, genesis['definitionDigest']) and obj(genesis['input']) and genesis['runId'] != ''
    holds = holds and is_('.*', genesis['startedBy'] + genesis['osUser'] + ('' if genesis['startKey'] is None else genesis['startKey'])) and moment(genesis['startedAt'])
    need(holds and sorted(genesis) == GENESIS and files['history.jsonl'][-1:] == b'\n', 'FORMAT_UNKNOWN or FILE_UNREADABLE'); due, evidence = {'genesis.json', 'run.json', 'history.jsonl', 'snapshot.json', 'VERIFY.md', 'MANIFEST.sha256'}, []
    for before, one in zip([None, *history], history):
        named = dict(one['event'].get('evidence', {}))
        if before and one['event']['type'] == 'cutter.upgraded': named.update({'snapshot/before-upgrade': before['snapshotDigest'], 'snapshot/upgraded': one['snapshotDigest']})
        evidence += [(one['seq'], name, named[name], evidence_path(name, named[name])) for name in sorted(named, key=units)]
    approvals = {path[10:-5]: (files[path], files.get(path + '.sig')) for path in sorted(files) if is_(rf'approvals/{ID}\.json', path)}
    gone = history[-1]['event'].get('lostEvidence', []) if history[-1]['event']['type'] == ABANDONED else []; need(isinstance(gone, list) and all(sorted(w) == ['digest', 'name', 'seq'] and is_(DIGEST, w['digest']) for w in gone) and (gone or 'lostEvidence' not in history[-1]['event']), 'FILE_UNREADABLE', 'the lost evidence'); lost = {path for seq, name, digest, path in evidence if {'seq': seq, 'name': name, 'digest': digest} in gone} - {path for seq, name, digest, path in evidence if {'seq': seq, 'name': name, 'digest': digest} not in gone}; ends = ['closeout.json'] * ('closeout.json' in files) + sorted(path for path in files if is_(r'countersignatures/.*\.json', path))
    due.update(*[{path, path + '.sig'} for path in ends], {'instance.pub'} if ends else (), [path for *_, path in evidence if path not in lost or path in files])
    due.update(f'approvals/{name}.json{end}' for name, (_, signature) in approvals.items() for end in ('', '.sig')[:1 + (signature is not None)])
    turned, leaves = any(path.startswith('rotations/') for path in files), any(b'"decision":"abandon"' in text for text, _ in approvals.values())  # the key of the instance was replaced before; a statement abandons the run
    parts = [(path, re.fullmatch(pattern, path), form) for path in files for pattern, form in PARTS.items() if two]
    due.update(path for path, m, form in parts if m and all(name is None or name in approvals for name in m.groups()) and re.fullmatch(form, files[path], re.S))
    need(due == set(files) and run.get('format', 2) == (4 if leaves else 2 + turned) and turned <= ('closeout.json' in files), 'FILE_MISSING or FILE_UNKNOWN', *sorted(due ^ set(files)))
    ends, events = [(parse(files[path], path), path) for path in ends], [one['event'] for one in history]
    names = [genesis[name] for name in ('runId', 'machine', 'version')] + [one['state'] for one in history] + [one['signer'] for one, _ in ends[1:]]
    names += [e['arrival']['gate'] for e in events if 'arrival' in e] + [e['to']['version'] for e in events if e['type'] == 'cutter.upgraded']
    need(not {'Cc', 'Cf', 'Co', 'Cs', 'Zl', 'Zp'} & set(map(unicodedata.category, ''.join(names))), 'FILE_UNREADABLE', 'a name is not one plain line')
    return dict(files=files, run=run, genesis=genesis, history=history, evidence=evidence, approvals=approvals, two=two, ends=ends, gone=gone)
def check_record(b):  # what the parts of the record must agree on
    genesis, run, history, snapshot = b['genesis'], b['run'], b['history'], b['files']['snapshot.json']; now, before = {name: genesis[name] for name in ('version', 'definitionDigest')}, dig(canon(genesis))
    for index, one in enumerate(history):
        event, rest, plan = one['event'], {name: value for name, value in one.items() if name != 'hash'}, one['event'].get('arrival', {}).get('planDigest')
        holds = one['seq'] == index + 1 and one['previousHash'] == before and one['hash'] == dig(canon(rest))
        if event['type'] == 'cutter.upgraded': holds, now = holds and event['from'] == now, {name: event['to'][name] for name in now}
        before, policies = one['hash'], [None] + [v for k, v in event.get('evidence', {}).items() if k.startswith('policy/')]
        fits = event.get('policyDigest') in policies and (plan is None or is_plan(b, plan, event['arrival']['gate'], one['seq'])); need(holds and fits, 'HISTORY_BROKEN, PLAN_DIFFERS or EVIDENCE_DIFFERS', f'entry {index + 1}')
    last, context = history[-1], (parse(snapshot, 'snapshot.json', exact=False).get('snapshot') or {}).get('context'); need(obj(context) and dig(snapshot) == last['snapshotDigest'], 'SNAPSHOT_DIFFERS')
    outcome = next((one['event'].get('outcome') for one in history if one['status'] == 'closed'), None)
    here = ([{}] + [one for one in history if {'arrival', 'approvalUsed'} & set(one['event'])])[-1]; here = here if 'arrival' in here.get('event', ()) and last['status'] != 'closed' else None
    stopped, stop = last['status'] == 'stopped', context.get('stop') if last['status'] == 'stopped' else None; code, planned = sub(stop).get('code'), context.get('planDigest')
    b['facts'] = {**{name: genesis[name] for name in ('runId', 'machine', 'mode', 'startedBy', 'startedAt')}, **now, 'updatedAt': last['at'],
                  **{name: last[name] for name in ('status', 'state', 'seq', 'snapshotDigest')}, 'head': last['hash'], 'outcome': outcome, 'stop': stop,
                  'stopCode': ('STOP_INTERNAL' if code is None else code) if stopped else None, 'gateSeq': here and here['seq'],
                  'gate': here['event']['arrival']['gate'] if here and last['status'] == 'paused' else None, 'gateHead': here and here['hash'],
                  'planDigest': planned, 'output': context.get('output')}
    writes = b['unsettled'] = run.pop('unsettledWrites', None); need(canon(run) == canon({**b['facts'], **({'format': run['format'], 'instructions': run['instructions']} if b['two'] else {})}), 'RUN_DIFFERS')
    fits = (planned is None or is_(DIGEST, planned)) and (stop is None or obj(stop)) and (code is None or isinstance(code, str)) and (writes is None or b['two'] and writes and all(sorted(w) == WRITE and w['seq'] > 0 for w in writes)) and (last['status'] == 'closed') == (outcome is not None) and (b['two'] or outcome != 'abandoned') and (not b['two'] or type(run['instructions']) is int and run['instructions'] in (1, 2))
    need(fits and all(dig(b['files'][path]) == digest for _, _, digest, path in b['evidence'] if path in b['files']), 'RUN_DIFFERS or EVIDENCE_DIFFERS'); b['lost'] = None
    if any(one['event']['type'] == ABANDONED for one in history): check_abandoned(b, history[:-1], last, writes or [])
def check_abandoned(b, before, last, writes):  # the list of unsettled writes: the same everywhere, and as the history says
    b['lost'], event, failed, flying, live = writes, last['event'], [], {}, b['genesis']['mode'] == 'live'; gone = [(w['seq'], w['name'], w['digest']) for w in b['gone']]; named = [row[:3] for row in b['evidence'] if row[:3] in gone and row[0] < last['seq']]
    for one in before if live else []:
        e = one['event']; m = re.fullmatch(r'xstate\.(done|error)\.actor\.(.+)', e['type'], re.S); code = sub(e.get('error')).get('code') if m else None
        flying = {**{name: seq for name, seq in flying.items() if name not in (*e.get('effectsDropped', []), m and m[2])}, **{name: one['seq'] for name, kind in e.get('effectsAsked', {}).items() if kind == 'write'}}
        if not m or e.get('kind') != 'write' or e.get('ran') == 'simulate': continue
        guess = 'unknown' if code == 'STOP_OUTCOME_UNKNOWN' or e.get('attempt', 1) > 1 else 'no'; failed = [w for w in failed if w['phase'] != m[2] or before[w['seq'] - 1]['status'] != 'stopped']
        if m[1] == 'error' and (e['committed'] if e.get('committed') in ('yes', 'no', 'unknown') else guess) == 'unknown':
            failed.append({'phase': m[2], 'seq': one['seq'], 'attempt': e.get('attempt', 1), 'startedAt': before[one['seq'] - 2]['at'], 'known': FAILED})
    rest = writes[len(failed):]; due = [w for w in rest if flying.get(w['phase']) == w['seq']]; fits = named == gone and len(due) == len(flying) and len({w['phase'] for w in rest}) == len(rest)
    fits = fits and last['status'] == 'closed' and event['outcome'] == 'abandoned' == b['facts']['outcome'] and canon(event['unsettledWrites']) == canon(writes) and canon(writes[:len(failed)]) == canon(failed)
    fits = fits and all(live and before[-1]['status'] == 'working' and w['known'] == IN_FLIGHT and before[w['seq'] - 1]['at'] == w['startedAt'] and (w in due or 'effectsAsked' not in before[w['seq'] - 1]['event']) for w in rest)
    need(fits and (last['seq'], 'plan/abandon', dig(canon({'unsettledWrites': writes, **({'lostEvidence': b['gone']} if gone else {})}))) in [row[:3] for row in b['evidence']], 'RUN_DIFFERS or PLAN_DIFFERS', 'the unsettled writes')
def is_plan(b, plan, gate, at):
    rows = [row for row in b['evidence'] if row[0] <= at]; ours = [row for row in rows if row[1] == 'plan/' + gate]
    return ours[-1][2] == plan if ours else plan in [row[2] for row in rows] + strings([one['event'] for one in b['history'][:at]])
def passages(b):  # how the run passed its gates: the approval, the entries of its decision and of its use, and the state
    found, before, decided = [], {'status': '', 'state': ''}, None
    for one in b['history']:
        if one['event']['type'] == ABANDONED:  # decides and uses its approval in one entry, wherever the run is
            name = one['event']['approvalUsed']; need(one['event']['approvalId'] == name and name not in [row[0] for row in found], 'GATE_UNAPPROVED', 'abandoned'); return found + [(name, one['seq'], one['seq'], one['state'])]
        event, state, status, failed = one['event'], one['state'], one['status'], one['status'] == 'closed' and b['facts']['outcome'] != 'succeeded'
        if before['status'] == 'paused' and not (event['type'].startswith('cutter.') and status == 'paused'):
            decides = event['type'] in ('APPROVE', 'REJECT', 'VOID') and isinstance(event.get('approvalId'), str); need(decides or failed or status == 'paused' and state == before['state'], 'GATE_UNAPPROVED', f"entry {one['seq']}")
            if decides: decided = event['approvalId'], one['seq'], before['state']
        if decided and event['type'] == 'cutter.upgraded': decided = None, decided[1], state
        if 'approvalUsed' in event:
            need(decided and decided[0] == event['approvalUsed'] and decided[0] not in [row[0] for row in found], 'GATE_UNAPPROVED', f"entry {one['seq']}")
            found, decided = found + [(decided[0], decided[1], one['seq'], decided[2])], None
        elif decided and status == 'paused' and state == decided[2]: decided = None
        else: need(failed or not decided or state == decided[2] and status not in ('paused', 'closed'), 'GATE_UNAPPROVED', f"entry {one['seq']}")
        before = one
    return found
def keygen(*args, given=b'', **files):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items(): pathlib.Path(folder, name).write_bytes(data)
        done = subprocess.run(['ssh-keygen', *args], cwd=folder, input=given, capture_output=True, env={'PATH': os.environ['PATH'], 'TZ': 'UTC', 'LC_ALL': 'C'})
        return done.stdout.decode(errors='replace') if done.returncode == 0 else None
def signing_key(text, signature, namespace):
    return (re.search(r'signature with \S+ key (SHA256:\S+)\s*$', keygen('-Y', 'check-novalidate', '-n', namespace, '-s', 'sig', given=text, sig=signature) or '') or [0, None])[1]
def exact_key(text, signature, namespace):  # the key of a signature in the form that ssh-keygen writes
    coded = re.sub('(.{1,70})', r'\1\n', base64.b64encode(fields(signature)[2]).decode())
    return signing_key(text, signature, namespace) if f'-----BEGIN SSH SIGNATURE-----\n{coded}-----END SSH SIGNATURE-----\n'.encode() == signature else None
def distrust(options, text, signature, namespace, who, at):  # why the checker does not trust a valid signature: None when they do, '' without a file of signers
    revoked, key, when = options.revoked, fields(signature)[0], '-Overify-time=' + re.sub('[-:T]', '', at[:19]); line = take(key)[0] + b' ' + base64.b64encode(key)
    listed = keygen('-Q', '-f', 'list', 'key', list=revoked, key=line) is None if (revoked or b'')[:8] == b'SSHKRL\n\0' else line.split()[1] in (revoked or b'').split()
    if listed or options.signers is None: return 'KEY_REVOKED' if listed else ''
    counts = lambda signers, *more: keygen('-Y', 'verify', '-n', namespace, '-s', 'sig', '-f', 'signers', '-I', who, when, *more, given=text,
                                           sig=signature, signers=signers, revoked=revoked or b'') is not None
    exact = [([name for name in names if name[:1] == '!' or not re.search('[*?]', name)], rest) for names, rest in signer_lines(options.signers)]
    exact = ''.join(f'"{",".join(names)}" {rest}\n' for names, rest in exact if any(name[:1] != '!' for name in names))
    if not counts(options.signers) or not counts(exact.encode()): return 'SIGNER_NOT_ALLOWED'
    return None if revoked is None or counts(options.signers, '-r', 'revoked') else 'KEY_REVOKED'
take = lambda data: (data[4:4 + int.from_bytes(data[:4], 'big')], data[4 + int.from_bytes(data[:4], 'big'):])  # the first string of an SSH message, and the rest
def fields(signature):  # the key that a signature names, the signature proper, and all of it
    raw = base64.b64decode(re.match(rb'-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\s]+)\n-----END SSH SIGNATURE-----', signature)[1]); key, rest = take(raw[10:]); return key, take(take(take(take(rest)[1])[1])[1])[0], raw
origin_of = lambda signature: next((take(take(rest)[1][5:])[0].decode(errors='replace') for how, rest in [take(fields(signature)[1])] if how.startswith(b'webauthn-')), None)  # the web page for which a passkey signed
def page_of(signature):  # what a signature shows of a web page: its origin, whether the client data fit, and what follows the counter
    origin, rest = origin_of(signature), take(take(fields(signature)[1])[1])[1][5:]; data = take(rest)[1]
    if origin is None: return None, False, rest
    page = parse(take(data)[0], 'client data', False); fits = page['type'] == 'webauthn.get' and page['origin'] == origin and page.get('crossOrigin', False) is False and 'topOrigin' not in page; return origin, fits, take(take(data)[1])[1]
def key_faulty(signature, policy):  # whether the recorded policy refuses the key
    (kind, key), (origin, fits, rest), verified = take(fields(signature)[0]), page_of(signature), policy.get('verification') == 'required'
    if not kind.startswith(b'sk-'): return verified or policy.get('presence') == 'required'
    for _ in range(1 + (b'cert' in kind) + (b'ecdsa' in kind)): key = take(key)[1]
    flags, allowed = take(take(fields(signature)[1])[1])[1][0], policy.get('rpIds') or [take(key)[0].decode()]
    if not flags & 1 and policy.get('presence') != 'preferred' or verified and not flags & 4 or rest != b'': return True
    return origin is not None and not (fits and origin in (policy.get('origins') or []) and take(key)[0].decode() in allowed)
def signer_lines(data):  # the lines of allowed_signers: their names, and options and key
    rows = map(re.compile(r'[ \t]*(?:"([^"]+)"|([^ \t"#][^ \t"]*))[ \t]+(.+)$').match, re.split('\r*\n', data.decode(errors='replace'))); return [((row[1] or row[2]).split(','), row[3]) for row in rows if row]
def fold(name):  # the form in which names are compared: NFKC, one case, one blank for white space, nothing that is not seen
    clean = lambda text: ''.join(c for c in unicodedata.normalize('NFKC', text) if unicodedata.category(c) != 'Cf' and not re.match(UNSEEN, c)); return ' '.join(clean(clean(name).upper().lower()).split())
fingerprint = lambda blob: 'SHA256:' + base64.b64encode(hashlib.sha256(base64.b64decode(blob + '==')).digest()).decode().rstrip('=')
def same_people(signers, signed):  # the person behind a name: names that share a key are of one person, and keys that share a name
    lines = [(names, re.match(r'((?:"(?:\\"|[^"])*"|[^ \t"])+[ \t]+)?(?:ssh|ecdsa|sk)-\S+[ \t]+(\S+)', rest)) for names, rest in signer_lines(signers)]
    own = {m[2] for _, m in lines if m and 'cert-authority' not in [one.lower() for one in re.findall(r'(?:"(?:\\"|[^"])*"|[^,"\s])+', m[1] or '')]}
    groups = [{fingerprint(m[2]), *[fold(n) for n in names if not re.search('^!|[*?]', n)]} for names, m in lines if m and m[2] in own]; people = []
    for group in [{key, fold(name)} for name, key in signed] + groups:
        group = group.union(*[other for other in people if other & group]); people = [other for other in people if not other & group] + [group]
    return lambda one: next((index for index, group in enumerate(people) if one in group), one)
def check_approvals(b, options):
    history, live, taken, used = b['history'], b['genesis']['mode'] == 'live', {}, {}
    for name, (text, signature) in b['approvals'].items():
        taken[name] = one = parse(text, name); known = sorted(set(one) - {'reviewDecisionId'}) == STATEMENT and one['type'] == 'cutter.approval/v1' and is_('approve|reject|void|abandon', one['decision'])
        known = known and all(is_(LINE, v) for k, v in one.items() if k not in ('seq', 'reason')) and one['seq'] >= 0 and is_(DIGEST, one['planDigest']) and 'ap-' + sha(text)[:32] == name and moment(one['issuedAt']) < moment(one['expiresAt'])
        need(known and name in strings([entry['event'] for entry in history]), 'APPROVAL_EDITED or APPROVAL_UNNAMED', name); one.update(signature=signature, counted=False, trusted=False, key=None)
    b['ways'], subject = passages(b), ('runId', 'gate', 'seq', 'historyHead', 'planDigest', 'decision'); need(all(name in taken for name, *_ in b['ways']), 'GATE_UNAPPROVED', 'an approval is missing')
    for name, decided, use, state in b['ways']:
        for other, one in taken.items():
            same = (one['signature'] is None) == (taken[name]['signature'] is None) and all(one[k] == taken[name][k] for k in subject)
            if other == name or same and other in strings(history[decided - 1]['event']): used.setdefault(other, (decided, use, state, name))
    for name, one in taken.items():
        decided, use, state, main = used.get(name, (None, None, None, None))
        if decided: one['counted'] = check_use(b, one, decided, state)
        if one['signature'] is None: continue
        given = b['approvals'][name] + (f"cutter.{one['machine']}.{one['gate']}",); one['key'] = signing_key(*given)
        vouched = sub(history[decided - 1]['event'].get('vouched')).get('fingerprint', one['key']) if name == main else one['key']
        need(one['key'] and vouched == one['key'], 'SIGNATURE_INVALID', name); why = distrust(options, *given, one['approver'], history[use - 1]['at']) if decided else ''
        need(not why or not live, why or '', name); one['trusted'] = why is None
    for way in b['ways'] if live else []: check_policy(b, history[way[1] - 1], {name: taken[name] for name in used if used[name][0] == way[1]})
    return taken
def check_use(b, one, decided, state):
    history, genesis, decision = b['history'], b['genesis'], b['history'][decided - 1]; ups = [entry['event']['to'] for entry in history[:one['seq']] if entry['event']['type'] == 'cutter.upgraded']
    here = history[one['seq'] - 1] if 0 < one['seq'] < decided else {'hash': '', 'status': '', 'state': '', 'event': {}}
    fits = one['runId'] == genesis['runId'] and one['machine'] == genesis['machine'] and one['version'] == (ups or [genesis])[-1]['version']
    if decision['event']['type'] == ABANDONED:
        fits = fits and one['gate'] == one['decision'] == 'abandon' and all(e['event']['type'].startswith('cutter.approval') for e in history[one['seq']:decided - 1]) and is_plan(b, one['planDigest'], 'abandon', decided)
    else:
        fits = fits and here['event'].get('arrival', one)['gate'] == one['gate'] and here['status'] == 'paused' and here['state'] == state and decision['event']['type'] == one['decision'].upper()
        fits = fits and not any(one['seq'] < way[2] < decided for way in b['ways']) and not any('arrival' in e['event'] for e in history[one['seq']:decided - 1]) and is_plan(b, one['planDigest'], one['gate'], one['seq'])
    need(fits and here['hash'] == one['historyHead'], 'APPROVAL_ELSEWHERE', one['nonce']); timely = moment(one['issuedAt']) <= moment(decision['at']) + SKEW and moment(decision['at']) < moment(one['expiresAt']) + SKEW
    need(timely and (genesis['mode'] != 'live' or one['signature'] is not None), 'APPROVAL_EXPIRED or REHEARSAL_IN_LIVE', one['nonce']); return decided
def check_policy(b, decision, ours):
    event, seq, at = decision['event'], decision['seq'], moment(decision['at']); holds = all(row['approvalId'] in ours and ours[row['approvalId']]['key'] == row['fingerprint'] for row in event.get('counted', [])); arrived = [one['event'] for one in b['history'][:seq - 1] if 'arrival' in one['event']]
    if 'policyDigest' not in event: return need(holds and not (arrived and 'policyDigest' in arrived[-1]), 'POLICY_UNMET', f'entry {seq}')
    left = {name: (digest, b['files'].get(path)) for at, name, digest, path in b['evidence'] if at == seq}; ruled = next(data for digest, data in left.values() if digest == event['policyDigest']); policy = LOST_POLICY if ruled is None else parse(ruled, 'a policy', False)
    texts, asked = lambda v: v is None or isinstance(v, list) and all(isinstance(s, str) for s in v), (None, 'required', 'preferred'); numbers = {type(policy[name]) for name in ('need', 'validHours')} <= {int, float}
    shaped = numbers and policy['need'] % 1 == 0 and 0 < policy['validHours'] < float('inf') and type(policy['fourEyes']) is bool and is_('.*', policy['allowedSignersDigest'] or '') and policy.get('presence') in asked and policy.get('verification') in asked and all(map(texts, map(policy.get, ('of', 'origins', 'rpIds'))))
    digest, signers = left.get('signers/' + policy['gate'], (None, b'')); person = same_people(signers or b'', [(one['approver'], one['key']) for one in ours.values() if one['key']])
    moved = [one for one in b['history'][:seq] if not one['event']['type'].startswith('cutter.approval')]; labels = [one['by'] for one in moved if one['by'] != 'engine'] + [one['event'].get('osUser') for one in moved] + [b['genesis']['osUser']]
    operators = {person(fold(label)) for label in labels if isinstance(label, str)}; people = {person(fold(one['approver'])) for one in ours.values()}
    holds = holds and shaped and digest == policy['allowedSignersDigest'] and policy['need'] > 0 and not (policy['fourEyes'] and people & operators)
    for one in ours.values():
        holds = holds and (policy['of'] is None or one['approver'] in policy['of']) and not ('presence' in policy and key_faulty(one['signature'], policy)) and at < moment(one['issuedAt']) + policy['validHours'] * 3_600_000 + SKEW
    need(holds and (event['type'] not in ('APPROVE', ABANDONED) or len(people) >= policy['need']), 'POLICY_UNMET', f'entry {seq}')
def closeout(b, taken, who, at):  # the text that the instance signs: an in-toto Statement v1
    facts, genesis, listed = b['facts'], b['genesis'], b['unsettled'] if b['lost'] is None else b['lost']
    files = [(f'approvals/{name}.json{end}', dig(data)) for name, pair in b['approvals'].items() for end, data in zip(('', '.sig'), pair) if data is not None]
    subject = [('history', facts['head']), ('snapshot.json', facts['snapshotDigest'])] + [(f'{name}@{seq}', digest) for seq, name, digest, _ in b['evidence']]
    rows = [{'approvalId': name, 'kind': 'rehearsal' if one['signature'] is None else 'signed', 'usedSeq': next((e['seq'] for e in b['history'] if e['event'].get('approvalUsed') == name), None),
             **{k: one[k] for k in ('gate', 'decision', 'approver')}} for name, one in taken.items() if one['counted']]
    predicate = {**{k: genesis[k] for k in ('osUser', 'startedAt', 'startedBy', 'mode')}, 'closedAt': facts['updatedAt'], 'signer': who, 'signedAt': at,
                 **{k: facts[k] for k in ('runId', 'machine', 'version', 'definitionDigest', 'outcome', 'state', 'planDigest', 'output')},
                 'entries': facts['seq'], 'evidence': len(b['evidence']), 'approvals': rows, **({'unsettledWrites': listed} if listed is not None else {}), **({'lostEvidence': b['gone']} if b['gone'] else {})}
    return {'_type': 'https://in-toto.io/Statement/v1', 'predicateType': f"urn:cutter:closeout:v{1 if listed is None else 2}", 'predicate': predicate,
            'subject': [{'name': name, 'digest': {'sha256': digest[7:]}} for name, digest in subject + files]}
def rotations(files, line):  # those that lead to the key in instance.pub, the last one first
    left, chain, keys = {}, [], [line.split()[1]]
    for path in [path for path in files if path.startswith('rotations/')]:
        text, signature = [parse(files[path], path)[name].encode() for name in ('statementText', 'signature')]; one = parse(text, path); old = re.fullmatch(INSTANCE, one['oldKey'])
        fits = sorted(one) == ['at', 'by', 'newKey', 'oldKey', 'reason', 'type'] and all(is_('.*', v) or k == 'reason' and v is None for k, v in one.items()) and one['type'] == 'urn:cutter:key-rotation:v1'
        fits = fits and moment(one['at']) and old and is_(INSTANCE, one['newKey']) and one['newKey'] not in left and path == f'rotations/{sha(text)}.json' and base64.b64encode(fields(signature)[0]).decode() == old[1]
        need(fits and exact_key(text, signature, ROTATION) == fingerprint(old[1]), 'ROTATION_INVALID', path); left[one['newKey']] = one, text, signature
    while line in left: chain.append(left.pop(line)); line = chain[-1][0]['oldKey']; keys.append(line.split()[1])
    need(not left and len(set(keys)) == len(keys), 'ROTATION_INVALID'); return chain
def trusts_earlier(chain, options):  # whether the checker trusts the nearest earlier key of the instance that their file names or that is revoked
    given = options.signers or b''; lent = argparse.Namespace(revoked=options.revoked, signers=given.replace(CLOSEOUT.encode(), ROTATION.encode()))
    for one, text, signature in chain:
        if one['newKey'].split()[1].encode() in given.split(): return False
        why = distrust(lent, text, signature, ROTATION, one['oldKey'].split()[2], one['at'])
        if why in (None, 'KEY_REVOKED'): return why is None
def check_end(b, taken, options):  # the last entry for which somebody whom the checker trusts vouches
    files, trusted = b['files'], max([0] + [one['seq'] for one in taken.values() if one['trusted']])
    for body, path in b['ends']:
        if path == 'closeout.json':
            public = re.fullmatch(INSTANCE + '\n', files['instance.pub'].decode()); who, at, name = public[2], body['predicate']['signedAt'], path; due = closeout(b, taken, who, at)
        else:
            who, at = body['signer'], body['at']; due = {'type': 'urn:cutter:countersignature:v1', 'runId': b['genesis']['runId'], 'closeoutDigest': dig(files['closeout.json']), 'signer': who, 'at': at}
            name = f"countersignatures/{re.sub(r'^[.]', '%2E', urllib.parse.quote(who, safe='-_.@').replace('~', '%7E'))}.json"
        need(canon(due).encode() == files[path] and name == path and moment(at) and b['facts']['status'] == 'closed', 'CLOSEOUT_DIFFERS', path)
        key, is_closeout = exact_key(files[path], files[path + '.sig'], CLOSEOUT), path == 'closeout.json'; need(key and (not is_closeout or key == fingerprint(public[1])), 'CLOSEOUT_SIGNATURE_INVALID', path)
        chain, why = rotations(files, public[0][:-1]) if is_closeout else [], distrust(options, files[path], files[path + '.sig'], CLOSEOUT, who, at)
        if why is None or why != 'KEY_REVOKED' and trusts_earlier(chain, options): trusted = b['facts']['seq']
    return trusted
def check_text(b, taken):  # VERIFY.md: the blocks that name something of the run, in their order, and a digest of all the rest
    facts, two, text, at, wording, pages = b['facts'], b['two'], b['files']['VERIFY.md'].decode(), 0, b['run'].get('instructions', 0), set()
    hide = lambda v: '`' + ''.join('\\u{%x}' % ord(c) if unicodedata.category(c) in ('Cc', 'Cf', 'Co') or c in '\u2028\u2029`' else c for c in v) + '`'; span = hide if two else str; word = lambda v: v if re.fullmatch(r'[\w@%+=:,./-]+', v, re.ASCII) else "'" + v.replace("'", "'\\''") + "'"
    signed = lambda by, who, ns, path, when: f"TZ=UTC ssh-keygen -Y verify -f {by} -I {word(who)} -n {word(ns)} -Overify-time={re.sub('[-:T]', '', when[:19])} \\\n  -s {word(path)}.sig < {word(path)}\n"
    due = [f"Run {span(facts['runId'])} of machine {span(facts['machine'])} {span(facts['version'])}, {facts['mode']}: "
           + (f"closed as {facts['outcome']}" if facts['status'] == 'closed' else f"open ({facts['status']})") + (' in state ' if two else ' in ')
           + f"{span(facts['state'])}, at entry {facts['seq']}." + f" The bundle has format {b['run'].get('format')}, as `run.json` says." * two]
    for way, (name, one) in [(way, pair) for way in b['ways'] for pair in taken.items() if pair[1]['counted'] == way[1]]:
        path, when, gate, rehearsed = f'approvals/{name}.json', b['history'][way[2] - 1]['at'], one['gate'], one['signature'] is None
        what = f"Gate {span(gate)}: {one['decision']} by {span(one['approver'])}, used in entry {way[2]} ({when}), covers entries 1–{one['seq']}." if two else f"Entry {way[2]} ({when}): {one['decision']} at gate {gate}, for entries 1–{one['seq']}."
        check = '' if rehearsed else signed('"$signers"', one['approver'], f"cutter.{one['machine']}.{gate}", path, when)
        if wording == 2 and not rehearsed and origin_of(one['signature']) is not None: pages.add(name); what, check = f"{what} Signed by passkey on a page of {hide(origin_of(one['signature']))}.", f'{check}page {path}.sig\n'
        due.append(what + (' This is a rehearsal approval, which is not signed.' if two else ' A rehearsal: a label, signed by nobody.') * rehearsed + f'\n\n```sh\narrived {path}\n{check}```\n\n')
    if b['lost'] is not None: due += [f"Entry {facts['seq']} closed the run", '\n'.join(['Nobody knows whether these writes were committed:\n', *[f"- {hide(w['phase'])}, entry {w['seq']}, attempt {w['attempt']}: {hide(w['known'])}" for w in b['lost']]])
                                      if b['lost'] else 'The list is empty: the record knows of no write whose outcome is unknown.'] + ['\n\nThe store had lost this evidence, so the bundle lacks it, and a command above stops where it asks for one of these:\n\n' + '\n'.join(f"- {hide(w['name'])}, entry {w['seq']}, {w['digest']}" for w in b['gone'])] * bool(b['gone'])
    due += [signed('../instance_signers', body['predicate']['signer'], CLOSEOUT, path, body['predicate']['signedAt']) if path == 'closeout.json' else
            f'```sh\ncountersigns {word(path)}\n{signed(chr(34) + "$signers" + chr(34), body["signer"], CLOSEOUT, path, body["at"])}```\n\n' for body, path in b['ends']]
    due += [f"entry {facts['seq']} when"] * (facts['status'] != 'closed')
    for block in [SURROGATE.sub(chr(0xfffd), block) for block in due]: at, text = text.index(block, at), text.replace(block, '', 1) if text.find(block) >= at else ''
    need(sha(text)[:24] in TEXTS.split('\n')[wording] and (wording < 2 or pages), 'VERIFY_TEXT_DIFFERS', sha(text)[:24])
def verify(tar, options):
    b = read(unpack(tar)); check_record(b); taken, facts = check_approvals(b, options), b['facts']; counted = [one for one in taken.values() if one['counted']]
    passed = {one['gate'] for one in counted if one['decision'] == 'approve'}; known = facts['version'] == '1' and re.search(f"^{re.escape(facts['machine'])} .*{facts['definitionDigest'][7:]}", KNOWN, re.M)
    need(passed >= set(GATES.get(facts['machine'], {}).get(facts['outcome'], []) if known else []), 'GATE_MISSING', *sorted(passed))
    vouched = check_end(b, taken, options) == facts['seq'] and bool(known or options.require or facts['outcome'] != 'succeeded') and facts['mode'] == 'live' and all(one['trusted'] for one in counted); check_text(b, taken)
    signed = {one['gate'] for one in counted if one['decision'] == 'approve' and one['signature'] is not None}; unmet = [f'gate {gate} was not passed' for gate in options.require if gate not in signed] + ['not everything is vouched for'] * (options.require_trusted and not vouched)
    pages = {page_of(one['signature'])[0] for one in counted if one['signature'] and options.origins} - {None, *options.origins}; outcome = 'gates unknown' if facts['outcome'] == 'succeeded' and not known else facts['outcome']
    return {'holds': True, 'outcome': outcome, 'approvals': [[one['gate'], one['decision'], one['approver']] for one in counted], 'unmet': unmet + sorted(pages), 'clockWentBack': [one['seq'] for before, one in zip(b['history'], b['history'][1:]) if moment(one['at']) < moment(before['at']) or obj(one['event'].get('clock')) and one['event']['clock'].get('code') == 'CLOCK_WENT_BACK' and is_(r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z', one['event']['clock'].get('reading'))]}
cli = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
for name in ('bundle', '--signers', '--revoked'): cli.add_argument(name, type=argparse.FileType('rb'))
for name in ('--require-trusted', '--integrity-only'): cli.add_argument(name, action='store_true')
for name in ('--require', '--origins'): cli.add_argument(name, type=lambda text: [re.fullmatch(r'\s*(\S.*?)\s*', one, re.S)[1] for one in text.split(',')], default=[], metavar='NAME,...')
options = cli.parse_args(); vars(options).update({name: file.read() for name, file in vars(options).items() if hasattr(file, 'read')})
if options.bundle[257:262] != b'ustar' or options.integrity_only and (options.require or options.origins or options.require_trusted): cli.error('no tar, or options that exclude each other')
try: answer = verify(options.bundle, options)
except (Fault, ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError) as error:
    answer = {'holds': False, 'fault': str(error) if isinstance(error, Fault) else f'FILE_UNREADABLE: a part has another form ({error!r})'}
print(json.dumps(answer)); sys.exit(1 if not answer['holds'] else 0 if options.integrity_only or options.signers is not None and not answer['unmet'] else 3)
