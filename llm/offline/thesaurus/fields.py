"""Fields of life: the words of one line are spoken of together, which says less than meaning the same."""

FIELDS = """
flight plane airport gate board terminal fly luggage passport seat ticket boarding airline depart land
train station platform ticket seat rail depart carriage conductor
travel trip fly holiday vacation hotel passport visa luggage ticket flight booking abroad stay tour itinerary ferry
hotel stay room booking reservation night sleep check-in
doctor hospital clinic illness medicine surgery operation diagnosis patient nurse symptom health treatment appointment
medicine dose mg pill pharmacy tablet prescription
tooth dentist filling crown brace
eye glasses optician lens sight
pain knee back head joint muscle ache
dog walk leash bark vet puppy
fish tank aquarium goldfish water
vet pet dog cat injection animal
school class teacher pupil grade homework exam lesson student
university study degree thesis professor student lecture faculty graduate
job work shift office salary boss company colleague career employee hire contract
office desk building workplace floor
money pay salary rent price cost euro dollar bank budget bill invoice
home house flat room rent address street landlord move neighbour
home town city country address
key lock door pot mat alarm enter
power electricity fuse cable socket
heating boiler radiator gas warm
rubbish bin recycling waste
kitchen cook bake oven recipe dish stove
food eat meal restaurant lunch dinner dish taste menu
drink coffee tea cup milk sugar bar
wedding marry ring bride groom anniversary married
family mother father child sister brother parent
birth born birthday age year
music concert band song instrument piano guitar violin choir sing orchestra album listen stage
film cinema movie watch director actor
book read novel author library
football club team match game fan stadium league goal position striker keeper defender
run kilometre jog marathon shoe track
bike helmet ride wheel
car plate licence garage drive engine tyre fuel
hair cut barber salon
pipe plumber water tap leak
computer laptop server machine keyboard screen
server port host ssh connect production box listen database
database postgres backup table migration query
password login account user admin root secret vault key token
wifi router password internet network
deploy release version branch ship launch freeze rollback staging
branch git commit merge repository code
build ci test pipeline
log monitor alert dashboard
certificate tls domain expire renew
logo brand design
meeting room agenda calendar call
deadline due report proposal submit hand
phone call number dial
email mail inbox address
garden flower plant tree
clothes wear shoe size shirt
church religion pray faith
weather rain snow sun wind
holiday vacation summer beach sea away
party birthday cake guest invite
vote election party
boat sea sail harbour
army soldier war
camera photo lens picture
game play card chess board
repair fix mend plumber electrician mechanic handyman roofer pipe boiler broken leak
"""
"""One field a line."""
