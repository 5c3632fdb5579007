import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "../../../nodes/media";

const box = (type: string, brand = "") => Buffer.from(`\0\0\0\x18${type}${brand}`, "latin1");
const bytes = (...values: number[]) => Buffer.from([...values, ...Array(32).fill(0x80)]);
const packets = (first: number, step: number) => {
  const stream = Buffer.alloc(1024, 0xff);
  for (let at = first; at < stream.length; at += step) stream[at] = 0x47;
  return stream;
};

test("a clip's container is read from its first bytes", () => {
  const containers: [string, Buffer][] = [
    ["mp4", box("ftyp", "isom")],
    ["mp4", box("ftyp", "mp42")],
    ["mp4", box("ftyp", "avc1")],
    ["mp4", box("styp", "msdh")],
    ["mov", box("ftyp", "qt  ")],
    ["mov", box("moov")],
    ["mov", box("wide")],
    ["m4v", box("ftyp", "M4V ")],
    ["3gp", box("ftyp", "3gp5")],
    ["3gp", box("ftyp", "3g2a")],
    ["mkv", Buffer.from("\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "latin1")],
    ["webm", Buffer.from("\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "latin1")],
    ["avi", Buffer.from("RIFF\0\0\0\0AVI LIST", "latin1")],
    ["mpegts", packets(0, 188)],
    ["mpegts", packets(4, 192)],
  ];
  for (const [container, head] of containers) assert.deepEqual(identify(head), { container });
});

test("what is no clip is called what it seems to be", () => {
  const others: [string, Buffer][] = [
    ["empty", Buffer.alloc(0)],
    ["jpeg", bytes(0xff, 0xd8, 0xff, 0xe0)],
    ["png", bytes(0x89, 0x50, 0x4e, 0x47)],
    ["gif", Buffer.from("GIF89a")],
    ["webp", Buffer.from("RIFF\0\0\0\0WEBPVP8 ", "latin1")],
    ["heic", box("ftyp", "heic")],
    ["audio", box("ftyp", "M4A ")],
    ["audio", Buffer.from("RIFF\0\0\0\0WAVEfmt ", "latin1")],
    ["audio", Buffer.from("ID3\x04\0", "latin1")],
    ["audio", bytes(0xff, 0xfb, 0x90)],
    ["pdf", Buffer.from("%PDF-1.7")],
    ["zip", Buffer.from("PK\x03\x04")],
    ["gzip", bytes(0x1f, 0x8b)],
    ["hikvision", Buffer.from("IMKH\x01\x01", "latin1")],
    ["dahua", Buffer.from("DHAV\xfd", "latin1")],
    ["mpegProgramStream", bytes(0, 0, 1, 0xba)],
    ["mpegVideo", bytes(0, 0, 1, 0xb3)],
    ["rawH264", bytes(0, 0, 0, 1, 0x67)],
    ["rawH264", bytes(0, 0, 1, 0x09)],
    ["rawH265", bytes(0, 0, 0, 1, 0x40)],
    ["flv", Buffer.from("FLV\x01\x05", "latin1")],
    ["wmv", bytes(0x30, 0x26, 0xb2, 0x75)],
    ["ogg", Buffer.from("OggS\0")],
    ["webPage", Buffer.from("\n <!DOCTYPE html><title>Login</title>")],
    ["webPage", Buffer.from("\ufeff<html lang=de>")],
    ["xml", Buffer.from('<?xml version="1.0"?><Error/>')],
    ["json", Buffer.from('{"success": false, "message": "not yet"}')],
    ["text", Buffer.from("Die Aufnahme ist noch nicht fertig – später.")],
    ["text", Buffer.from("ab\ncd")],
    ["zeros", Buffer.alloc(1024)],
    ["unknown", bytes(0x01, 0x02, 0x03, 0x9f)],
  ];
  for (const [seems, head] of others) assert.deepEqual(identify(head), { seems });
});

test("any beginning has an answer", () => {
  for (let length = 0; length < 40; length += 1)
    for (const fill of [0, 1, 0x47, 0x7b, 0xff]) assert.ok(identify(Buffer.alloc(length, fill)));
});
