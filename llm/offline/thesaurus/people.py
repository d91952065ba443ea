"""Who people are: names, families, bodies, health, likes, origins, trades and beliefs."""

GROUPS = """
name call surname nickname username handle christen dub baptize title
surname lastname
nickname moniker alias
origin born raise hometown native grow ancestry descent @origin
childhood youth grow raise upbringing boyhood girlhood
birthday birth born birthdate @age
age old year young @age
adult grown
family relative relation kin folk > sister brother mother father mum mom mama dad papa son daughter wife husband uncle
  aunt auntie cousin niece nephew grandmother grandfather grandma grandpa granny grandson granddaughter child kid baby
  twin parent sibling stepmother stepfather stepson stepdaughter fiance fiancee godmother godfather in-law toddler
sibling > sister brother twin
brother bro
sister sis
parent folk > mother father mum dad mom mama papa
mother mum mom mama mummy
father dad papa daddy
grandfather grandpa granddad
grandmother grandma granny nana
grandparent > grandmother grandfather grandma grandpa granny granddad nana
grandchild > grandson granddaughter
dating couple > girlfriend boyfriend
child kid baby offspring toddler infant > son daughter twin boy girl
son boy
daughter girl
boy lad
girl lass
spouse partner marry > wife husband fiance fiancee
wife girlfriend fiancee
husband boyfriend fiance
wedding marry marriage anniversary ceremony
engage engagement propose
divorce separate separation
widow widower
pregnant pregnancy expect due
friend buddy pal mate bestie companion
neighbour neighbor
guest visitor visit
person people man woman guy human
nanny babysitter childminder

pet animal > dog cat puppy kitten hamster rabbit parrot bird fish goldfish horse turtle tortoise snake lizard gecko
  ferret mouse rat pony donkey goat sheep cow pig hen chicken duck goose canary budgie cockatoo iguana bunny hound
  terrier labrador poodle beagle dachshund spaniel collie bulldog tomcat axolotl chinchilla hedgehog
dog puppy hound pup mutt doggy > terrier labrador poodle beagle dachshund spaniel collie bulldog husky retriever
cat kitten kitty feline tomcat > siamese persian tabby
rabbit bunny
horse pony mare stallion
turtle tortoise
reptile > snake lizard gecko turtle tortoise iguana crocodile
insect bug > spider bee wasp ant beetle mosquito moth butterfly cockroach fly
bird > parrot canary budgie chicken cockatoo hen duck goose owl falcon hawk crow pigeon heron sparrow swan eagle raven
parrot budgie cockatoo
poultry > hen chicken duck goose turkey
fish > goldfish guppy carp trout koi
vet veterinarian veterinary
breed race pedigree
kennel cage aquarium tank terrarium stable
walk stroll hike
feed food fodder eat

body > arm leg hand foot head back neck shoulder knee ankle elbow wrist hip finger toe eye ear nose mouth tooth heart
bone > wrist arm leg ankle rib collarbone hip finger toe skull shin elbow shoulder foot thigh femur
joint > knee ankle elbow wrist hip shoulder finger
organ > heart liver kidney lung stomach
teeth tooth dental dentist
eye sight vision glasses eyesight
glasses spectacles lenses diopter prescription
hearing ear deaf
hair haircut > blond brunette redhead bald curly ginger
hairdresser barber haircut hair salon
beard moustache
ill sick illness disease condition disease health ailment disorder unwell suffer diagnose diagnosis > diabetes asthma
  migraine diabetic flu epilepsy arthritis cancer anemia eczema psoriasis hypertension depression anxiety adhd autism
  covid bronchitis pneumonia gout insomnia tinnitus celiac coeliac hepatitis measles vertigo dyslexia asthmatic
  epileptic hayfever reflux thyroid
medicine medication drug pill tablet prescription remedy > insulin ibuprofen aspirin antibiotic paracetamol penicillin
  statin antihistamine inhaler metformin lisinopril cortisone antidepressant amoxicillin melatonin warfarin
antibiotic > penicillin amoxicillin doxycycline
dose dosage mg milligram
vaccine vaccination shot jab inject injection booster
doctor physician gp practitioner > dentist surgeon cardiologist dermatologist gynaecologist paediatrician psychiatrist
  neurologist optician orthopedist urologist
dentist orthodontist tooth
therapist psychologist psychiatrist counsellor shrink therapy
physiotherapy physio physiotherapist treat
hospital clinic surgery ward infirmary
operation surgery operate
pain hurt ache sore
break fracture crack snap
injury injure wound hurt sprain
blood type group
pressure hypertension
allergy allergic intolerance intolerant react reaction rash
avoid allergic allergy intolerant intolerance stomach
tall height high size cm
weigh weight heavy kilo kg pound
handed hand > left right
sign zodiac star > aries taurus gemini cancer leo virgo libra scorpio sagittarius capricorn aquarius pisces
star > zodiac
smoke cigarette tobacco cigar nicotine vape
quit stop cease abandon
sober alcohol teetotal
wake rise alarm
sleep bed nap rest lie
tire exhaust weary
die death dead pass decease
bury funeral cemetery grave

favourite best most love prefer adore like enjoy fond cherish
hate dislike detest loathe despise abhor annoy
fear afraid scare phobia terrify frighten dread anxious
happy glad pleased cheerful
sad unhappy upset
angry cross furious mad
proud pride
worry concern bother trouble
religion faith believe belief church denomination > christian muslim jewish buddhist hindu atheist catholic protestant
  sikh mormon quaker lutheran orthodox agnostic
diet eat > vegan vegetarian gluten lactose kosher halal keto pescatarian
meat > vegan vegetarian

job work profession occupation career employ earn trade @job > teach nurse teacher engineer doctor lawyer chef
  developer
job profession occupation trade career > programmer designer carpenter plumber pilot artist writer baker farmer
  accountant student electrician locksmith mechanic architect journalist translator librarian pharmacist paramedic
  firefighter policeman policewoman soldier sailor illustrator freelancer animator jeweller upholsterer stonemason
  florist interpreter fisherman butcher barber hairdresser tailor gardener cleaner cook waiter waitress barista
  bartender cashier clerk secretary receptionist banker broker economist scientist researcher professor lecturer judge
  notary consultant analyst tester administrator sysadmin technician welder mason roofer painter sculptor musician
  actor actress dancer singer photographer director producer editor author poet surveyor geologist biologist chemist
  physicist mathematician historian psychologist therapist midwife vet veterinarian dentist surgeon optician undertaker
  beekeeper falconer blacksmith goldsmith watchmaker shepherd forester miner driver courier postman conductor captain
  astronaut diplomat politician mayor priest pastor rabbi imam monk nun coach trainer manager
nurse caregiver carer
pilot aviator
teacher tutor instructor professor
lawyer attorney solicitor barrister
plumber pipe tap drain leak
electrician wiring electricity
carpenter joiner
tradesman craftsman handyman > plumber electrician carpenter painter roofer locksmith
retire retirement pension
headache > migraine
skin rash eczema acne
fever temperature
virus infection
test examination check checkup screening
scan xray mri
scales weigh
optician optometrist eye glasses
surgery operation remove > appendix tonsils gallbladder hernia bypass caesarean wisdom
heartbeat pulse
treat therapy cure heal massage
wheelchair crutch cane
chiropractor osteopath massage masseur
vision sight shortsighted farsighted
left-handed lefty
muscle cramp strain
temper character personality shy
nature kind gentle
nap snooze
bride groom wedding
heir inherit inheritance legacy
orphan adopt adoption foster
elder eldest oldest
young youngest little
gender sex male female
ancestor forefather
godchild godson goddaughter
lover affair
ex former
celebrity famous idol hero admire
stranger unknown
enemy rival foe
army soldier serve service > navy airforce marines conscript
volunteer charity
vegetarian veggie
bark chew bite destroy
"""
"""One group a line, or more where the next is indented: the words left of `>` mean the same; those right of it are
kinds of it, not of each other."""
