-- Sash's packets and chat lines for Wireshark and tshark 3.6 or later.
--
--   wireshark -X lua_script:report/wireshark/sash.lua capture.pcapng
--
-- Filter names: "sash" (file transfer over UDP) and "sash_chat" (chat over TCP).
-- The layout is told in report/wire.md; how to use this in report/wireshark.md.

local VERSION = 1
local HEADER = 36
local MAC = 16
local NO_MAC = string.rep("\0", MAC)
local PROBE = 0xffffffff

local KINDS = {
    [1] = "SYN", [2] = "SYN-ACK", [3] = "ACK", [4] = "NACK",
    [5] = "DATA", [6] = "FIN", [7] = "FIN-ACK", [8] = "RST",
    [9] = "PATH-CHALLENGE", [10] = "PATH-RESPONSE",
}
-- In a room with a password, these carry a MAC.
local MAC_KINDS = { [1] = true, [2] = true, [6] = true, [7] = true, [8] = true,
    [9] = true, [10] = true }
local VERDICTS = { [1] = "verified", [2] = "damaged" }
local RESETS = {
    [1] = "cancelled",
    [2] = "the file changed or can no longer be read",
    [3] = "the receiver cannot write the file",
    [4] = "the two sides do not agree on the connection parameters",
}
local CHECKSUMS = { [0] = "wrong", [1] = "right", [2] = "not looked at" }

local sash = Proto("sash", "Sash file transfer")

sash.prefs.check = Pref.bool("Check the CRC-32", true,
    "Works the checksum of every packet out again; slow for large captures")

-- --- fields ------------------------------------------------------------------------

local f = {
    version = ProtoField.uint8("sash.version", "Version"),
    kind = ProtoField.uint8("sash.kind", "Kind", base.DEC, KINDS),
    attempt = ProtoField.uint8("sash.attempt", "Attempt"),
    reserved = ProtoField.uint8("sash.reserved", "Reserved", base.HEX),
    token = ProtoField.bytes("sash.token", "Token"),
    number = ProtoField.uint32("sash.number", "Number"),
    sequence = ProtoField.uint32("sash.sequence", "Sequence number"),
    sent_at = ProtoField.uint32("sash.sent_at", "Sent at (microseconds)"),
    checksum = ProtoField.uint32("sash.checksum", "CRC-32", base.HEX),
    checksum_status = ProtoField.uint8(
        "sash.checksum.status", "CRC-32 status", base.DEC, CHECKSUMS),
    checksum_computed = ProtoField.uint32(
        "sash.checksum.computed", "CRC-32 computed", base.HEX),

    size = ProtoField.uint64("sash.size", "File size (bytes)"),
    window = ProtoField.uint32("sash.window", "Window (packets)"),
    echo = ProtoField.uint32("sash.echo", "Echo (microseconds)"),
    segment = ProtoField.uint16("sash.segment_bytes", "Segment (bytes)"),
    padding = ProtoField.bytes("sash.padding", "Padding"),
    mac = ProtoField.bytes("sash.mac", "MAC (not checked: it needs the transfer's key)"),

    received = ProtoField.uint32("sash.received", "DATA packets received so far"),
    range = ProtoField.none("sash.range", "Received beyond"),
    range_start = ProtoField.uint32("sash.range.start", "From"),
    range_end = ProtoField.uint32("sash.range.end", "Up to, without"),

    data = ProtoField.bytes("sash.data", "File bytes"),
    length = ProtoField.uint16("sash.length", "File bytes, how many"),
    probe = ProtoField.bool("sash.probe", "Probe of a closed window"),
    digest = ProtoField.bytes("sash.digest", "SHA-256 of the file"),
    verdict = ProtoField.uint8("sash.verdict", "Verdict", base.DEC, VERDICTS),
    nonce = ProtoField.bytes("sash.nonce", "Nonce"),
    why = ProtoField.uint8("sash.why", "Why", base.DEC, RESETS),
    extra = ProtoField.bytes("sash.extra", "Bytes beyond the end"),

    -- Worked out from other packets.
    index = ProtoField.uint32("sash.relative", "Sequence number, from 0"),
    resend = ProtoField.bool("sash.resend", "Sent again"),
    first_in = ProtoField.framenum(
        "sash.first_in", "First sent in", base.NONE, frametype.RETRANS_PREV),
    again_in = ProtoField.framenum(
        "sash.again_in", "Sent again in", base.NONE, frametype.RETRANS_NEXT),
    acked_in = ProtoField.framenum(
        "sash.acked_in", "Acknowledged in", base.NONE, frametype.RESPONSE),
    acks = ProtoField.framenum(
        "sash.acks", "Acknowledges the DATA in", base.NONE, frametype.ACK),
    acks_count = ProtoField.uint32("sash.acks.count", "DATA newly acknowledged"),
    request_in = ProtoField.framenum(
        "sash.request_in", "Answer to", base.NONE, frametype.REQUEST),
    response_in = ProtoField.framenum(
        "sash.response_in", "Answered in", base.NONE, frametype.RESPONSE),
    time = ProtoField.relative_time("sash.time", "Time since that packet"),
}

local all_fields = {}
for _, field in pairs(f) do all_fields[#all_fields + 1] = field end
sash.fields = all_fields

local e = {
    checksum = ProtoExpert.new("sash.expert.checksum", "CRC-32 is wrong: damaged",
        expert.group.CHECKSUM, expert.severity.ERROR),
    malformed = ProtoExpert.new("sash.expert.malformed", "Not laid out as its kind",
        expert.group.MALFORMED, expert.severity.ERROR),
    resend = ProtoExpert.new("sash.expert.resend", "Sent again",
        expert.group.SEQUENCE, expert.severity.NOTE),
    nack = ProtoExpert.new("sash.expert.nack", "Something is missing or damaged",
        expert.group.SEQUENCE, expert.severity.NOTE),
    closed = ProtoExpert.new("sash.expert.closed", "The receive window is closed",
        expert.group.SEQUENCE, expert.severity.NOTE),
    reset = ProtoExpert.new("sash.expert.reset", "The transfer ends unfinished",
        expert.group.SEQUENCE, expert.severity.WARN),
    damaged = ProtoExpert.new("sash.expert.damaged", "The file arrived damaged",
        expert.group.RESPONSE_CODE, expert.severity.ERROR),
}
sash.experts = {
    e.checksum, e.malformed, e.resend, e.nack, e.closed, e.reset, e.damaged,
}

-- --- CRC-32 ------------------------------------------------------------------------

-- Lua 5.2 (Wireshark up to 4.2) has no operators for bits, but Wireshark brings "bit";
-- later ones have Lua 5.4, where the operators are there and "bit" may go.
local xor, shift_right
if bit and bit.bxor then
    -- Its numbers are signed; what is compared is made unsigned in crc32().
    xor, shift_right = bit.bxor, bit.rshift
elseif bit32 then
    xor, shift_right = bit32.bxor, bit32.rshift
else
    xor = load("return function(a, b) return a ~ b end")()
    shift_right = load("return function(a, n) return a >> n end")()
end

local crc_table = {}
for byte = 0, 255 do
    local crc = byte
    for _ = 1, 8 do
        local low = crc % 2
        crc = shift_right(crc, 1)
        if low == 1 then crc = xor(crc, 0xedb88320) end
        crc = crc % 4294967296
    end
    crc_table[byte] = crc
end

local function add_to_crc(crc, text)
    for at = 1, #text do
        local index = xor(crc, text:byte(at)) % 256
        crc = xor(shift_right(crc, 8), crc_table[index]) % 4294967296
    end
    return crc
end

-- Over the whole packet but the four bytes of the checksum itself.
local function crc32(tvb)
    local crc = add_to_crc(0xffffffff, tvb:raw(0, 32))
    if tvb:len() > HEADER then
        crc = add_to_crc(crc, tvb:raw(HEADER, tvb:len() - HEADER))
    end
    return xor(crc, 0xffffffff) % 4294967296
end

-- --- what is known of each transfer ------------------------------------------------

-- A transfer is told by its token. Filled while packets are seen for the first time, in
-- their order; asked whenever one is shown.
local transfers = {}

-- What belongs to one packet: by the frame's number.
local shown = {}

function sash.init()
    transfers = {}
    shown = {}
end

-- a - b for numbers of 32 bits that wrap (RFC 1982).
local function minus(a, b) return (a - b) % 4294967296 end

local function transfer_of(token)
    local transfer = transfers[token]
    if not transfer then
        transfer = { first_frames = {}, waiting = {}, waiting_count = 0, answers = {} }
        transfers[token] = transfer
    end
    return transfer
end

-- The ACK in this frame covers the DATA of one sequence number.
local function cover(transfer, sequence, frame)
    local data = transfer.waiting[sequence]
    if not data then return nil end
    transfer.waiting[sequence] = nil
    transfer.waiting_count = transfer.waiting_count - 1
    shown[data].acked_in = frame
    return data
end

-- Everything waiting from start on, up to without stop; how many, and the newest of it.
local function cover_range(transfer, start, stop, frame)
    local count, newest = 0, nil
    local function take(sequence)
        local data = cover(transfer, sequence, frame)
        if data then
            count = count + 1
            if not newest or data > newest then newest = data end
        end
    end
    local length = minus(stop, start)
    if length <= transfer.waiting_count then
        for step = 0, length - 1 do take((start + step) % 4294967296) end
    else
        -- An ACK may claim anything: no more work than there is DATA.
        local covered = {}
        for sequence in pairs(transfer.waiting) do
            if minus(sequence, start) < length then covered[#covered + 1] = sequence end
        end
        for _, sequence in ipairs(covered) do take(sequence) end
    end
    return count, newest
end

-- Puts a packet that is seen for the first time beside the others of its transfer.
local function learn(p, frame, time)
    local mine = { time = time }
    shown[frame] = mine
    local transfer = transfer_of(p.token)

    if p.kind == 1 or p.kind == 2 then
        -- A receiver's SYN has 0, which is nobody's first number.
        if p.kind == 2 or p.sequence ~= 0 then transfer.first = p.sequence end
    elseif p.kind == 5 and not transfer.first and p.number ~= PROBE then
        transfer.first = minus(p.sequence, p.number) -- The capture began later.
    end
    mine.first = transfer.first

    -- Kind and number name a packet; its attempts are the sendings.
    local name = p.kind .. "/" .. p.number
    local before = transfer.first_frames[name]
    if before and p.attempt > 1 then
        mine.first_in = before.first
        shown[before.last].again_in = frame
        before.last = frame
    elseif not before then
        transfer.first_frames[name] = { first = frame, last = frame }
    end

    if p.kind == 5 and p.number ~= PROBE then
        if not transfer.waiting[p.sequence] then
            transfer.waiting_count = transfer.waiting_count + 1
        end
        transfer.waiting[p.sequence] = frame
    elseif p.kind == 3 or p.kind == 4 then
        -- Up to 2^31 before it: all that is waiting and older. An individual ACK (one
        -- range, below its number) acknowledges its range alone.
        local count, newest = 0, nil
        local one = #p.ranges == 1 and p.ranges[1]
        if not (one and minus(p.sequence, one[2]) < 0x80000000) then
            count, newest =
                cover_range(transfer, minus(p.sequence, 0x80000000), p.sequence, frame)
        end
        for _, range in ipairs(p.ranges) do
            local more, last = cover_range(transfer, range[1], range[2], frame)
            count = count + more
            if last and (not newest or last > newest) then newest = last end
        end
        mine.acks, mine.acks_count = newest, count
    end

    -- What is answered: SYN by SYN-ACK, that by ACK 0, FIN by FIN-ACK.
    local question = ({ [2] = 1, [7] = 6 })[p.kind]
    if p.kind == 3 and p.number == 0 and p.attempt >= 1 then question = 2 end
    local asked = question and transfer.answers[question]
    if asked then
        mine.request_in = asked
        shown[asked].response_in = shown[asked].response_in or frame
    end
    transfer.answers[p.kind] = frame
end

-- --- one packet --------------------------------------------------------------------

-- Where each kind's body is too short or too long, it says so and shows the rest.
local function malformed(tree, sentence)
    tree:add_proto_expert_info(e.malformed, sentence)
end

local function dissect_opening(tvb, tree, p)
    if tvb:len() < HEADER + 18 then return malformed(tree, "an opening of fewer bytes") end
    tree:add(f.size, tvb(36, 8))
    tree:add(f.window, tvb(44, 4))
    tree:add(f.echo, tvb(48, 4))
    tree:add(f.segment, tvb(52, 2))
    local segment = tvb(52, 2):uint()
    local stop = HEADER + math.max(segment, 18)
    p.info = string.format(" size=%s win=%u seg=%u",
        tostring(tvb(36, 8):uint64()), tvb(44, 4):uint(), segment)
    -- A MAC stands where the last zeros are otherwise.
    local mac_at = math.max(HEADER + segment - MAC, 54)
    if tvb:len() == mac_at + MAC and tvb:raw(mac_at, MAC) ~= NO_MAC then
        stop = mac_at
    end
    if tvb:len() < stop then return malformed(tree, "less padding than a segment") end
    if stop > 54 then tree:add(f.padding, tvb(54, stop - 54)) end
    return stop
end

local function dissect_ack(tvb, tree, p)
    if tvb:len() < HEADER + 12 then return malformed(tree, "an ACK of fewer bytes") end
    tree:add(f.echo, tvb(36, 4))
    local window = tree:add(f.window, tvb(40, 4))
    if tvb(40, 4):uint() == 0 then window:add_proto_expert_info(e.closed) end
    tree:add(f.received, tvb(44, 4))
    p.info = string.format(" win=%u received=%u", tvb(40, 4):uint(), tvb(44, 4):uint())
    local at = 48
    while at + 8 <= tvb:len() and #p.ranges < 32 do
        local start, stop = tvb(at, 4):uint(), tvb(at + 4, 4):uint()
        local range = tree:add(f.range, tvb(at, 8))
        range:append_text(string.format(": %u up to %u", start, stop))
        range:add(f.range_start, tvb(at, 4))
        range:add(f.range_end, tvb(at + 4, 4))
        p.ranges[#p.ranges + 1] = { start, stop }
        at = at + 8
    end
    if #p.ranges > 0 then p.info = p.info .. " ranges=" .. #p.ranges end
    return at
end

local function dissect_data(tvb, tree, p)
    local length = tvb:len() - HEADER
    tree:add(f.length, tvb(HEADER, length), length):set_generated()
    if length > 0 then tree:add(f.data, tvb(HEADER, length)) end
    if p.number == PROBE then
        tree:add(f.probe, true):set_generated()
        p.info = " probe"
    else
        p.info = " len=" .. length
    end
    return tvb:len()
end

local function dissect_byte(tvb, tree, field)
    if tvb:len() < HEADER + 1 then return malformed(tree, "no body"), nil, nil end
    return HEADER + 1, tree:add(field, tvb(HEADER, 1)), tvb(HEADER, 1):uint()
end

local function dissect_body(tvb, tree, p)
    if p.kind == 1 or p.kind == 2 then return dissect_opening(tvb, tree, p) end
    if p.kind == 3 or p.kind == 4 then return dissect_ack(tvb, tree, p) end
    if p.kind == 5 then return dissect_data(tvb, tree, p) end
    if p.kind == 6 then
        if tvb:len() < HEADER + 32 then return malformed(tree, "no whole SHA-256") end
        tree:add(f.digest, tvb(HEADER, 32))
        return HEADER + 32
    end
    if p.kind == 7 then
        local stop, item, verdict = dissect_byte(tvb, tree, f.verdict)
        if not stop then return nil end
        if verdict == 2 then item:add_proto_expert_info(e.damaged) end
        if not VERDICTS[verdict] then malformed(tree, "a verdict that means nothing") end
        p.info = " " .. (VERDICTS[verdict] or "?")
        return stop
    end
    if p.kind == 8 then
        local stop, item, why = dissect_byte(tvb, tree, f.why)
        if not stop then return nil end
        item:add_proto_expert_info(e.reset)
        if not RESETS[why] then malformed(tree, "a reason that means nothing") end
        p.info = " " .. (RESETS[why] or "?")
        return stop
    end
    if p.kind == 9 or p.kind == 10 then
        if tvb:len() < HEADER + 8 then return malformed(tree, "no whole nonce") end
        tree:add(f.nonce, tvb(HEADER, 8))
        return HEADER + 8
    end
    return malformed(tree, "a kind that is not known")
end

-- What other packets say of this one; none of it stands in its bytes.
local function show_relations(tree, p, mine)
    local function add(field, value)
        if value == nil then return nil end
        local item = tree:add(field, value)
        item:set_generated()
        return item
    end
    local function since(frame)
        local before = frame and shown[frame]
        if not before then return end
        local nanoseconds = math.floor((mine.time - before.time) * 1e9 + 0.5)
        local whole = math.floor(nanoseconds / 1e9)
        add(f.time, NSTime.new(whole, nanoseconds - whole * 1e9))
    end
    if p.is_resend then
        local item = add(f.resend, true)
        item:add_proto_expert_info(e.resend, "Sent again: attempt " .. p.attempt)
        add(f.first_in, mine.first_in)
    end
    add(f.again_in, mine.again_in)
    add(f.acked_in, mine.acked_in)
    if mine.acks then
        add(f.acks, mine.acks)
        since(mine.acks)
    end
    if mine.acks_count then add(f.acks_count, mine.acks_count) end
    if mine.request_in then
        add(f.request_in, mine.request_in)
        since(mine.request_in)
    end
    add(f.response_in, mine.response_in)
end

local function dissect_packet(tvb, pinfo, root)
    local length = tvb:len()
    if length < HEADER or tvb(0, 1):uint() ~= VERSION then return 0 end
    pinfo.cols.protocol = "Sash"
    local p = {
        kind = tvb(1, 1):uint(),
        attempt = tvb(2, 1):uint(),
        token = tvb(4, 16):bytes():tohex(),
        number = tvb(20, 4):uint(),
        sequence = tvb(24, 4):uint(),
        ranges = {},
        info = "",
    }
    p.is_resend = p.attempt > 1
    local name = KINDS[p.kind] or ("kind " .. p.kind)

    local tree = root:add(sash, tvb(), "Sash " .. name)
    tree:add(f.version, tvb(0, 1))
    tree:add(f.kind, tvb(1, 1))
    tree:add(f.attempt, tvb(2, 1))
    tree:add(f.reserved, tvb(3, 1))
    tree:add(f.token, tvb(4, 16))
    tree:add(f.number, tvb(20, 4))
    tree:add(f.sequence, tvb(24, 4))
    local sequence_place = tvb(24, 4)
    tree:add(f.sent_at, tvb(28, 4))
    local checksum = tree:add(f.checksum, tvb(32, 4))

    local status = 2
    if sash.prefs.check and length == tvb:reported_len() then
        local computed = crc32(tvb)
        status = computed == tvb(32, 4):uint() and 1 or 0
        if status == 0 then
            checksum:add(f.checksum_computed, computed):set_generated()
            checksum:add_proto_expert_info(e.checksum)
        end
    end
    checksum:add(f.checksum_status, status):set_generated()

    if status == 0 then
        -- Any bit of it may be the wrong one: nobody believes the rest.
        pinfo.cols.info = "damaged, perhaps " .. name
        tree:append_text(" (damaged)")
        if length > HEADER then tree:add(f.data, tvb(HEADER)) end
        return length
    end

    local stop = dissect_body(tvb, tree, p)
    if stop and MAC_KINDS[p.kind] and length - stop == MAC then
        tree:add(f.mac, tvb(stop, MAC))
    elseif stop and stop < length then
        tree:add(f.extra, tvb(stop))
        malformed(tree, "bytes beyond the end of its kind")
    end

    if not pinfo.visited then learn(p, pinfo.number, pinfo.rel_ts) end
    local mine = shown[pinfo.number] or {}
    local relative = p.sequence
    if mine.first then
        relative = minus(p.sequence, mine.first)
        tree:add(f.index, sequence_place, relative):set_generated()
    end
    show_relations(tree, p, mine)
    if p.kind == 4 then tree:add_proto_expert_info(e.nack) end

    local number = p.number == PROBE and "-" or tostring(p.number)
    local again = p.is_resend and string.format(" [again: attempt %u]", p.attempt) or ""
    local text = string.format("%s %s seq=%u%s%s", name, number, relative, p.info, again)
    pinfo.cols.info = text
    tree:append_text(string.format(" %s, sequence %u", number, p.sequence))
    return length
end

function sash.dissector(tvb, pinfo, root)
    return dissect_packet(tvb, pinfo, root)
end

-- Any port: version, a kind that is known, and a checksum that is right. What follows in
-- the same conversation is ours too, damaged or not.
local function looks_like_sash(tvb, pinfo, root)
    if tvb:len() < HEADER or tvb(0, 1):uint() ~= VERSION then return false end
    if not KINDS[tvb(1, 1):uint()] or tvb(3, 1):uint() ~= 0 then return false end
    if crc32(tvb) ~= tvb(32, 4):uint() then return false end
    pinfo.conversation = sash
    dissect_packet(tvb, pinfo, root)
    return true
end

sash:register_heuristic("udp", looks_like_sash)
-- The server's usual ports, so that a capture may begin with a damaged packet.
DissectorTable.get("udp.port"):add("55000-55015", sash)

-- --- the chat ----------------------------------------------------------------------

local chat = Proto("sash_chat", "Sash chat")

local c = {
    line = ProtoField.string("sash_chat.line", "Line", base.UNICODE),
    keyword = ProtoField.string("sash_chat.keyword", "Keyword"),
}
chat.fields = { c.line, c.keyword }

local WORDS = {}
for word in ([[
    join proof say whisper users files download upload pause resume cancel transfer ping
    kick ban unban bans lab lab-result lab-results
    disconnect challenge welcome history refused said whispered offer error joined left
    notice shared pong
]]):gmatch("[%a-]+") do WORDS[word] = true end

-- The keyword of a line: the one key of its object, or the word itself.
local function keyword_of(line)
    return line:match('^%s*{%s*"([%a_-]+)"%s*:') or line:match('^%s*"([%a_-]+)"%s*$')
end

function chat.dissector(tvb, pinfo, root)
    pinfo.cols.protocol = "Sash chat"
    local text = tvb:raw()
    local words, at = {}, 1
    local tree = root:add(chat, tvb(), "Sash chat")
    while at <= #text do
        local stop = text:find("\n", at, true)
        if not stop then
            -- Half a line: TCP is to come back with the rest.
            pinfo.desegment_offset = at - 1
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            break
        end
        local line = text:sub(at, stop - 1)
        local place = tvb(at - 1, stop - at + 1)
        local item = tree:add(c.line, place, line)
        local word = keyword_of(line)
        if word then
            item:add(c.keyword, place, word)
            words[#words + 1] = word
        end
        at = stop + 1
    end
    if #words > 0 then
        pinfo.cols.info = table.concat(words, ", ")
        tree:append_text(": " .. table.concat(words, ", "))
    end
    return tvb:len()
end

-- Any port: a line that begins with one of our words.
local function looks_like_chat(tvb, pinfo, root)
    local text = tvb:raw(0, math.min(tvb:len(), 64))
    local word = text:match('^{"([%a_]+)":') or text:match('^"([%a_]+)"\r?\n')
    if not word or not WORDS[word] then return false end
    pinfo.conversation = chat
    chat.dissector(tvb, pinfo, root)
    return true
end

chat:register_heuristic("tcp", looks_like_chat)
DissectorTable.get("tcp.port"):add(50000, chat)
