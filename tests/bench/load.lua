-- What wrk does with an order (orders.py), which stands above this as `order`: fill its templates, and say at the end what came of it.

local threads = 0

function setup(thread)
   thread:set("client", threads)
   threads = threads + 1
end

local turn, step = -1, 0

local function uuid(n, twin)
   local spread = (n + client * 40503 + order.run * 7919) % 2097152 * 2654435761 % 4294967296
   return string.format("%08x-000%d-4000-8000-%04x%02x%06x", spread, twin, order.run, client, n)
end

local fill = {
   ["@name@"] = function(n) return string.format("%04x%02x%06x", order.run, client, n) end,
   ["@uuid@"] = function(n) return uuid(n, 0) end,
   ["@twin@"] = function(n) return uuid(n, 1) end,
   ['"@address@"'] = function(n)
      local number = 256 + order.run * 16384 + n
      local a, b, c = math.floor(number / 65536) % 256, math.floor(number / 256) % 256, number % 256
      return string.format("%-16s", string.format('"10.%d.%d.%d"', a, b, c))
   end,
   ["@turn@"] = function() return string.format("%08x", turn) end,
}

if not order.plain then
   -- wrk asks the first thread for one request that it does not send.
   local looked = false

   function request()
      if client == 0 and not looked then
         looked = true
         return "GET / HTTP/1.1\r\n\r\n"
      end
      step = step % #order.steps + 1
      if step == 1 then turn = turn + 1 end
      local n = order.span > 0 and turn % order.span or turn
      local values, parts = {}, {}
      for place, part in ipairs(order.steps[step]) do
         local make = fill[part]
         if make then
            values[part] = values[part] or make(n)
            part = values[part]
         end
         parts[place] = part
      end
      return table.concat(parts)
   end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format('\n{"requests":%d,"microseconds":%d,"bytes":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}\n',
      summary.requests, summary.duration, summary.bytes, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
