"""What people have and do with it: possessions, money, time, contact, and the everyday verbs."""

GROUPS = """
car vehicle automobile drive ride > saab volvo toyota ford tesla bmw honda audi fiat volkswagen skoda mazda nissan lada
  renault peugeot mercedes porsche citroen opel seat dacia subaru suzuki hyundai kia jaguar mini jeep vw lexus trabant
car vehicle > renault peugeot mercedes porsche van truck jeep motorbike lorry estate convertible
motorbike motorcycle scooter moped > vespa harley ducati yamaha
bike bicycle cycle cycling > bianchi trek brompton
licence registration plate
boat ship sail vessel yacht > canoe kayak dinghy ferry sailboat
own possess have belong
buy purchase get order acquire
sell sale seller sold
lose misplace lost forget
borrow lend loan
break broken damage
fix repair solve mend service
inspect inspection check mot examine
garage workshop mechanic
insurance insure policy
key secret password credential token passphrase passcode pin code
password passcode pin code passphrase
combination code pin
lock safe
keep store put hide locate location find lie sit stash
drawer cupboard shelf box
bag backpack rucksack handbag purse
wallet purse
umbrella parasol
watch wristwatch clock
ring jewel jewellery jewelry > necklace bracelet earring brooch
clothes wear outfit garment > shirt dress jacket coat trousers jeans skirt sweater jumper hat scarf suit shoe boot
shoe boot sneaker trainer sandal footwear
coat jacket
hat cap
size wear shoe fit
camera photo > leica nikon canon fujifilm hasselblad pentax polaroid olympus kodak
tool > hammer drill saw screwdriver wrench pliers spanner ladder
toy > lego doll puzzle teddy
knife blade
bottle flask
picture photo painting
letter mail post parcel package
parcel package delivery courier

money cost price pay budget salary expensive cheap spend fee charge @money > rent
price cost worth
salary earn pay income wage
rent pay landlord lease
budget spend allow
tax revenue
bank account iban
account iban
owe debt lend
save savings
bill invoice pay
currency > euro dollar pound yen franc krona
discount coupon voucher

email mail e-mail @email
contact reach > phone email telephone @phone @email
phone number telephone @phone
phone call ring dial
phone mobile telephone cell number > iphone pixel android nokia samsung
wifi wlan network ssid internet online wireless hotspot router connect
internet broadband isp
letterbox mailbox
message text chat
website site url webpage link homepage

start begin kick commence open
end finish over conclude close
deadline due finish deliver submit launch ship release
submit deliver hand application
move shift postpone reschedule delay
delay late postpone
cancel abolish
expire expiry expiration valid until
renew extend renewal
appointment meet meeting date visit see
remind reminder remember
duration last take long
schedule timetable calendar plan
often frequency frequent
reason because why
choose decide pick select agree settle opt decision choice vote determine
reject refuse decline
allow permit let
change switch replace
drop remove discontinue
biggest largest main important key matter
big large huge
small little tiny
fast quick rapid speed
brand make manufacturer model
skip omit miss
edge side
club membership subscription
nice good great
bad awful terrible
own belong
help assist aid support
care look responsible
responsible charge lead own run
wait queue
win prize award
war army military
shape > round square
logo emblem
number digit figure
wood > oak pine beech
metal > gold silver steel iron copper
picture image
weather > rain snow sun wind storm fog
wage salary pay paycheck
cv resume application apply
purse wallet
sell buy
jewel metal
open code
install set setup
colour look
material stuff fabric > wool cotton silk leather linen denim velvet
material > wood steel iron glass plastic stone marble silver gold brass bronze
bring carry take
throw toss discard
build construct make
paint decorate
tidy organize sort
sign signature
last final latest
approve approval accept yes confirm agree
cancel abandon scrap close
location place office site
deny forbid ban prohibit
cause trigger give
interest hobby
opinion view think
secret hidden
gun weapon
candle wax
battery charger charge
cable cord wire
television tv telly
headphones earphones earbuds
speaker loudspeaker
tablet ipad
console > playstation xbox nintendo switch
subscription subscribe
stock share invest investment
pension retirement
donate donation charity
insurance cover
treasure fortune
luck lucky
telescope binoculars
medal badge
flag banner
first begin initial
final end
"""
"""Groups as in `people`."""
