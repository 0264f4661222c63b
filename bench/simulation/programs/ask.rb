# Ask with Net::HTTP of Ruby.
require 'net/http'
url = URI(ARGV[0])
http = Net::HTTP.new(url.host, url.port)
http.use_ssl = true
http.verify_mode = OpenSSL::SSL::VERIFY_NONE
begin
  http.get('/api/get')
  http.post('/api/post', '{}', 'Content-Type' => 'application/json')
rescue StandardError
end
