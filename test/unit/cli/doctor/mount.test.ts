import { describe, expect, it } from 'vitest';
import { findMount, judgeMount, type Mount } from '../../../../src/cli/doctor/mount.ts';

const TABLE = [
  '22 27 0:21 / /proc rw,relatime - proc proc rw',
  '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '40 27 0:35 / /data rw,nosuid shared:2 master:3 - nfs4 server:/export rw,vers=4.2,soft,timeo=600',
  '41 27 0:36 / /data\\040two ro - ext4 /dev/vdb rw',
  '42 27 0:37 / /data rw - xfs /dev/vdc rw',
  '',
].join('\n');

describe('findMount', () => {
  it.each([
    ['/', '/'],
    ['/home/me/run', '/'],
    ['/database/run', '/'],
    ['/data two/run', '/data two'],
  ])('%s → mount at %s', (path, point) => {
    expect(findMount(TABLE, path)?.point).toBe(point);
  });

  it('two mounts on one point → the later one', () => {
    expect(findMount(TABLE, '/data/run')).toMatchObject({ type: 'xfs', source: '/dev/vdc' });
  });

  it('options of the mount and of the file system → both', () => {
    const nfs = findMount(TABLE.replace(/^42.*$/mu, ''), '/data');
    expect([...(nfs?.options ?? [])]).toEqual(expect.arrayContaining(['nosuid', 'soft', 'vers=4.2']));
  });

  it('an empty table → undefined', () => {
    expect(findMount('', '/data')).toBeUndefined();
  });
});

describe('judgeMount', () => {
  it.each([
    ['ext4', 'rw', 'ok', 'local: workers must run on this host'],
    ['lustre', 'rw', 'ok', 'shared: workers on other hosts can see it'],
    ['nfs4', 'rw,hard', 'ok', 'its export must be sync, not async'],
    ['nfs4', 'rw,hard,noac', 'info', 'every small write waits'],
    ['nfs4', 'rw,soft', 'problem', 'a soft NFS mount'],
    ['nfs', 'rw,hard,nocto', 'warning', 'nocto'],
    ['ext4', 'ro', 'problem', 'mounted read-only'],
    ['ext4', 'rw,data=writeback', 'warning', 'fsync does not reach the disk in order'],
    ['fuse.s3fs', 'rw', 'warning', 'object storage'],
    ['tmpfs', 'rw', 'warning', 'in memory'],
    ['overlay', 'rw', 'warning', 'the layer of a container'],
    ['overlay', 'rw,volatile', 'problem', 'fsync does nothing'],
    ['fuse.sshfs', 'rw', 'warning', 'does not reach the disk at the other end'],
    ['fuse.gcsfuse', 'rw', 'warning', 'object storage'],
    ['fuse.juicefs', 'rw', 'ok', 'shared'],
    ['9p', 'rw,cache=loose', 'warning', 'not kept in step'],
    ['cifs', 'rw', 'warning', 'hard links'],
  ])('%s with %s → %s: %s', (type, options, status, message) => {
    const findings = judgeMount(mount(type, options));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ check: 'mount', status });
    expect(findings[0]?.message).toContain(message);
  });

  it('two things wrong → both, each with what to do', () => {
    const findings = judgeMount(mount('nfs4', 'rw,soft,nocto'));
    expect(findings.map(({ todo }) => todo)).toEqual(['mount it with hard', 'mount it without nocto']);
  });
});

function mount(type: string, options: string): Mount {
  return { point: '/data', type, source: 'x', options: new Set(options.split(',')) };
}
