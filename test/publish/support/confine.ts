import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Of no user, as images for containers use it. */
export const nobody = 65_534;

/** What each file system that is no part of the kernel's own is made: only the folder for data takes writes. */
const readOnlyRoot = `
mount --bind "$DATA" "$DATA"
while read -r _ where kind _; do
  case "$kind" in ext*|xfs|btrfs|overlay|tmpfs|zfs|f2fs|fuse*)
    case "$where" in "$DATA"|/dev|/dev/*|/run/*|/sys/*|/proc/*) ;; *) mount -o remount,bind,ro "$where" 2>/dev/null || true ;; esac
  esac
done < <(tac /proc/self/mounts)
`;

/** Reading is allowed whatever the checkout's folder allows others, so that it may stand anywhere. Nothing else is. */
const asNobody =
  `setpriv --reuid=${nobody} --regid=${nobody} --clear-groups --no-new-privs ` +
  "--bounding-set=-all,+dac_read_search --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search";

/** Scripts to run in place of Node.js, each with the limits of a small machine. Their process is Node.js in the end. */
export const confinements = {
  /** Everything but `data` is read-only, and the user is nobody. Needs root, and the right to mount. */
  container: (folder: string, data: string): string =>
    script(
      folder,
      `export DATA="${data}" HOME=/nonexistent
chown -R ${nobody}:${nobody} "$DATA"
exec unshare --mount --propagation private bash -euc '${readOnlyRoot} exec ${asNobody} "$@"' bash "${process.execPath}" "$@"`,
    ),
  /** So many open files at most, for good: Node.js raises what may be raised. */
  files: (folder: string, count: number): string =>
    script(folder, `ulimit -Sn ${count}; ulimit -Hn ${count}; exec "${process.execPath}" "$@"`),
  /** Each sync takes a second, each change of a folder 20 ms, as on an old memory card. Needs strace. */
  slowDisk: (folder: string): string =>
    script(
      folder,
      `exec strace -D -f -qqq --seccomp-bpf -e signal=none -e trace=fsync,fdatasync,rename,unlink -e status=none \\
  -e inject=fsync,fdatasync:delay_enter=1000000 -e inject=rename,unlink:delay_enter=20000 -o /dev/null "${process.execPath}" "$@"`,
    ),
};

function script(folder: string, text: string): string {
  const file = path.join(folder, "node.sh");
  writeFileSync(file, `#!/bin/bash\nset -eu\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Why a script cannot run Node.js here; false when it can. */
export function cannotRun(file: string): string | false {
  const { status, stderr, error } = spawnSync(file, ["-e", "0"], { encoding: "utf8", timeout: 60_000 });
  return status !== 0 && `this machine does not let us: ${error?.message ?? stderr}`;
}
