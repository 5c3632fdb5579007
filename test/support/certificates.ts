import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Identity {
  key: string;
  cert: string;
}

export interface Certificates {
  /** The private authority's certificate; nobody trusts it by itself. */
  ca: string;
  /** For 127.0.0.1, localhost and {@link ipv6Address}, signed by the authority. */
  server: Identity;
  /** For another name, signed by the authority. */
  elsewhere: Identity;
  /** A client's, signed by the authority. */
  client: Identity;
  /** For 127.0.0.1, signed by itself. */
  selfSigned: Identity;
}

/** Of the range for examples. */
export const ipv6Address = "2001:db8::7";
const names = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:${ipv6Address}`;

/** Makes a private authority and what it signs, with openssl, in a folder of the test's own. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => path.join(folder, name);
  const openssl = (...given: string[]) => execFileSync("openssl", given, { cwd: folder, stdio: "pipe" });
  const read = (name: string): Identity => ({
    key: readFileSync(file(`${name}.key`), "utf8"),
    cert: readFileSync(file(`${name}.pem`), "utf8"),
  });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

  const selfSigned = (name: string, extension: string): Identity => {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-addext",
      extension,
    );
    return read(name);
  };
  const signed = (name: string, extension: string): Identity => {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(file(`${name}.ext`), extension);
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "authority.pem",
      "-CAkey",
      "authority.key",
      "-CAcreateserial",
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-extfile",
      `${name}.ext`,
    );
    return read(name);
  };
  return {
    ca: selfSigned("authority", "keyUsage=critical,keyCertSign").cert,
    server: signed("server", names),
    elsewhere: signed("elsewhere", "subjectAltName=DNS:elsewhere.example"),
    client: signed("client", "extendedKeyUsage=clientAuth"),
    selfSigned: selfSigned("stranger", names),
  };
}
